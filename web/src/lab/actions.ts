// Actions as links write them: `1200:kill:3;2400:partition:0-9,12;3600:heal`. The daemon owns the
// format; the page reads it to draw cuts and to say in words what is done when.

/** Longer lists are not read: a run has at most as many actions in the daemon, too. */
export const kActionsReadMax = 1_000;
const kMembersReadMax = 20_000;

export interface TimedAction {
  at_ms: number;
  name: string;
  /** Members named by it; of a partition all on its side. */
  members: number[];
  /** The whole text. */
  text: string;
}

/** `0-9,12` as numbers; what is no number is left out. */
export function readMembers(text: string): number[] {
  const members: number[] = [];
  for (const part of text.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    for (let member = first; member <= last && members.length < kMembersReadMax; member += 1) {
      members.push(member);
    }
  }
  return members;
}

export function readAction(text: string): TimedAction | null {
  const [moment, name, ...rest] = text.split(":");
  if (moment === undefined || name === undefined || !/^\d+$/.test(moment)) return null;
  const takesMembers = ["rumor", "kill", "restart", "partition"].includes(name);
  const members = takesMembers ? readMembers(rest[0] ?? "") : [];
  if (name === "clog") members.push(...rest.slice(0, 2).map(Number).filter(Number.isInteger));
  return { at_ms: Number(moment), name, members, text };
}

export function readActions(texts: readonly string[]): TimedAction[] {
  return texts
    .slice(0, kActionsReadMax)
    .map(readAction)
    .filter((action): action is TimedAction => action !== null);
}

/** The actions of a link: of a canonical one, those of the run. */
export function actionsOfLink(link: string): TimedAction[] {
  const text = new URLSearchParams(link).get("actions") ?? "";
  return text === "" ? [] : readActions(text.split(";"));
}

/** Who is cut off at a moment: the members of the last partition that no heal has ended. */
export function cutOffAt(actions: readonly TimedAction[], atMs: number): Set<number> {
  let members: number[] = [];
  for (const action of actions) {
    if (action.at_ms > atMs) break;
    if (action.name === "partition") members = action.members;
    else if (action.name === "heal") members = [];
  }
  return new Set(members);
}

/** What an action does, in words. */
export function actionWords(action: TimedAction): string {
  const [first, second] = action.members;
  switch (action.name) {
    case "rumor":
      return `member ${first} says something new`;
    case "kill":
      return `member ${first} is killed`;
    case "restart":
      return `member ${first} is started again`;
    case "partition":
      return `${action.members.length} members are cut off`;
    case "heal":
      return "all cuts are healed";
    case "clog":
      return `the link from ${first} to ${second} is clogged`;
    case "add":
      return "members are added";
    default:
      return action.text;
  }
}
