// What a lab page works on: one run or two beside each other, the settings they come from, and what a
// click in the picture does. Pages and chapters show parts of it; nothing here touches the document.
//
// Every change of a setting starts the run anew, paused. Actions are done to both runs, so that
// they differ in settings only.

import { computed, signal } from "@preact/signals";

import { actionsOfLink, type TimedAction } from "./actions";
import { kLayouts, type LayoutName } from "./layout";
import {
  comparedSettings,
  experimentOf,
  moveToExperiment,
  pageLink,
  readLink,
  runLink,
  settingProblem,
  type LabLink,
  type LinkSettings,
} from "./link";
import type { Action, ActionName, Catalogue, ExperimentDescription } from "./protocol";
import { LabPlayer, type OpenSocket } from "./player";

export type Tool = "select" | "rumor" | "kill" | "restart" | "partition" | "clog";

/** How long a link is clogged by a drag; long enough to see it in most runs. */
export const kClogMs = 5_000;
/** Changes of settings that follow each other faster start one run. */
const kRestartDelayMs = 250;

export class Bench {
  readonly link = signal<LabLink>({ settings: {}, compare: null });
  readonly players = signal<LabPlayer[]>([]);
  readonly tool = signal<Tool>("select");
  readonly selected = signal(-1);
  readonly layout = signal<LayoutName>("circle");
  /** Where a clog begins, chosen by keyboard; -1: nowhere yet. */
  readonly clogFrom = signal(-1);
  /** The last thing that happened, for screen readers. */
  readonly said = signal("");
  /** Why a setting was not taken, in words. */
  readonly problem = signal("");
  /** The complete link of this page: what is behind `#/lab?`. */
  readonly address = signal("");
  onAddress: (address: string) => void = () => undefined;

  readonly experiment = computed<ExperimentDescription | undefined>(() =>
    experimentOf(this.catalogue, this.link.value.settings),
  );

  private restartTimer_: ReturnType<typeof setTimeout> | null = null;

  constructor(
    readonly catalogue: Catalogue,
    private readonly open_: OpenSocket,
  ) {}

  get first(): LabPlayer | undefined {
    return this.players.value[0];
  }

  get isDrawn(): boolean {
    return (this.first?.store.memberCount ?? 0) <= this.catalogue.drawn_max;
  }

  allows(action: ActionName): boolean {
    return this.experiment.value?.actions.includes(action) ?? false;
  }

  /** Shows what a link describes; an empty one is the first experiment with its defaults. */
  openLink(text: string): void {
    const link = readLink(text);
    const experiment = experimentOf(this.catalogue, link.settings);
    if (experiment !== undefined) link.settings = { experiment: experiment.name, ...link.settings };
    this.link.value = link;
    this.selected.value = -1;
    this.startAgain();
  }

  /** Both runs from their beginning, paused. */
  startAgain(): void {
    if (this.restartTimer_ !== null) clearTimeout(this.restartTimer_);
    this.restartTimer_ = null;
    const link = this.link.value;
    const wanted = link.compare === null ? 1 : 2;
    const players = this.players.value.slice(0, wanted);
    for (const surplus of this.players.value.slice(wanted)) surplus.close();
    while (players.length < wanted) players.push(this.newPlayer(players.length));
    this.players.value = players;
    players[0]?.start(runLink(link.settings));
    players[1]?.start(runLink(comparedSettings(link)));
  }

  setSetting(name: string, text: string): void {
    const settings = { ...this.link.value.settings, [name]: text };
    this.changeLink({ ...this.link.value, settings }, name, text);
  }

  /** A setting of the second run; null takes the difference away. */
  setCompared(name: string, text: string | null): void {
    const compare = { ...(this.link.value.compare ?? {}) };
    if (text === null) delete compare[name];
    else compare[name] = text;
    this.changeLink({ ...this.link.value, compare }, name, text);
  }

  setComparing(compare: LinkSettings | null): void {
    this.link.value = { ...this.link.value, compare };
    this.startAgain();
  }

  setExperiment(name: string): void {
    const experiment = this.catalogue.experiments.find((each) => each.name === name);
    if (experiment === undefined) return;
    const settings = moveToExperiment(experiment, this.link.value.settings);
    this.link.value = { settings, compare: null };
    this.selected.value = -1;
    this.tool.value = "select";
    this.startAgain();
  }

  forgetActions(): void {
    const settings = { ...this.link.value.settings };
    delete settings.actions;
    this.link.value = { ...this.link.value, settings };
    this.startAgain();
  }

  /** Actions of the first run so far, in order of time. */
  actions(): TimedAction[] {
    return actionsOfLink(this.first?.link.value ?? "");
  }

  act(action: Action, words: string): void {
    for (const player of this.players.value) player.act(action);
    this.said.value = words;
  }

  play(): void {
    for (const player of this.players.value) player.play();
  }

  pause(): void {
    for (const player of this.players.value) player.pause();
  }

  toggle(): void {
    const isPlaying = this.players.value.some((player) => player.phase.value === "playing");
    if (isPlaying) this.pause();
    else this.play();
  }

  step(): void {
    for (const player of this.players.value) player.step();
  }

  stepBack(): void {
    for (const player of this.players.value) player.stepBack();
  }

  /** To the first moment, also if it is kept no more. */
  toBeginning(): void {
    for (const player of this.players.value) player.seek(0);
  }

  showAt(atMs: number): void {
    for (const player of this.players.value) player.showAt(atMs);
  }

  setSpeed(speed: number): void {
    for (const player of this.players.value) player.setSpeed(speed);
  }

  select(member: number): void {
    this.selected.value = member;
  }

  nextLayout(): void {
    const index = kLayouts.findIndex((each) => each.name === this.layout.value);
    this.layout.value = kLayouts[(index + 1) % kLayouts.length]?.name ?? "circle";
  }

  dispose(): void {
    if (this.restartTimer_ !== null) clearTimeout(this.restartTimer_);
    for (const player of this.players.value) player.close();
    this.players.value = [];
  }

  private changeLink(link: LabLink, name: string, text: string | null): void {
    const description = this.experiment.value?.settings.find((setting) => setting.name === name);
    const problem =
      description !== undefined && text !== null ? settingProblem(description, text) : null;
    this.problem.value = problem ?? "";
    if (problem !== null) return;
    this.link.value = link;
    if (this.restartTimer_ !== null) clearTimeout(this.restartTimer_);
    this.restartTimer_ = setTimeout(() => this.startAgain(), kRestartDelayMs);
  }

  private newPlayer(index: number): LabPlayer {
    const player = new LabPlayer(this.open_);
    player.speed.value = this.first?.speed.value ?? 1;
    if (index === 0) player.link.subscribe((link) => this.followLink(link));
    return player;
  }

  /** The daemon's canonical link takes the place of what was typed or clicked together. */
  private followLink(link: string): void {
    if (link === "") return;
    this.link.value = { settings: readLink(link).settings, compare: this.link.value.compare };
    this.address.value = pageLink(this.link.value);
    this.onAddress(this.address.value);
  }
}
