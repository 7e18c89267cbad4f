// The chapters in their order. The first is #/walk/1.

import type { Chapter } from "../chapter";
import { average } from "./average";
import { detection } from "./detection";
import { gossip } from "./gossip";
import { group } from "./group";
import { residue } from "./residue";
import { rumors } from "./rumors";
import { sync } from "./sync";

export const kChapters: readonly Chapter[] = [gossip, rumors, residue, sync, detection, average, group];
