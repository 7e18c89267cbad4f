// What is said beside the lines of the example program. Each anchor is a piece of its source; a test
// keeps both in step.

import type { Explanation } from "./source_text";

export const kExampleExplanations: readonly Explanation[] = [];
