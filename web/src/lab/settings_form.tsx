// The settings of a run, drawn from what the daemon says that there is; and how the second run differs.

import type { Bench } from "./bench";
import { settingOf } from "./link";
import type { ExperimentDescription, SettingDescription, SettingValue } from "./protocol";

/** Choices with more letters have the whole width. */
const kShortChoice = 11;

function isWide(setting: SettingDescription): boolean {
  return setting.choices?.some((choice) => choice.title.length > kShortChoice) ?? false;
}

interface FieldProperties {
  setting: SettingDescription;
  value: SettingValue;
  label: string;
  onChange: (text: string) => void;
}

function hintOf(setting: SettingDescription): string {
  const range =
    setting.type === "integer" || setting.type === "number"
      ? ` From ${setting.min ?? "any"} to ${setting.max ?? "any"}${setting.unit ? ` ${setting.unit}` : ""}.`
      : "";
  return `${setting.about ?? ""}${range}`;
}

export function SettingField({ setting, value, label, onChange }: FieldProperties) {
  const title = hintOf(setting);
  if (setting.type === "boolean") {
    return (
      <label class="lab-check" title={title}>
        <input type="checkbox" checked={value === true}
          onChange={(event) => onChange(String(event.currentTarget.checked))} />
        {label}
      </label>
    );
  }
  if (setting.type === "choice") {
    return (
      <label class={isWide(setting) ? "field lab-wide" : "field"} title={title}>
        {label}
        <select value={String(value)} onChange={(event) => onChange(event.currentTarget.value)}>
          {(setting.choices ?? []).map((choice) => (
            <option key={choice.value} value={choice.value}>{choice.title}</option>
          ))}
        </select>
      </label>
    );
  }
  const step = setting.type === "integer" ? 1 : "any";
  return (
    <label class="field" title={title}>
      {label}{setting.unit ? ` (${setting.unit})` : ""}
      <input type="number" step={step} {...rangeOf(setting)} value={String(value)}
        onChange={(event) => onChange(event.currentTarget.value)} />
    </label>
  );
}

function rangeOf(setting: SettingDescription): { min?: number; max?: number } {
  return {
    ...(setting.min === undefined ? {} : { min: setting.min }),
    ...(setting.max === undefined ? {} : { max: setting.max }),
  };
}

function Fields({ bench, experiment, only }: {
  bench: Bench;
  experiment: ExperimentDescription;
  only: readonly string[] | null;
}) {
  const settings = bench.link.value.settings;
  const shown = experiment.settings.filter((each) => only === null || only.includes(each.name));
  return (
    <div class="lab-fields">
      {shown.map((setting) => (
        <SettingField
          key={setting.name} setting={setting} label={setting.title}
          value={settingOf(experiment, settings, setting.name) ?? setting.default}
          onChange={(text) => bench.setSetting(setting.name, text)}
        />
      ))}
    </div>
  );
}

/** What the second run has else. The seed is always the same, so that only the settings differ. */
function Comparison({ bench, experiment }: { bench: Bench; experiment: ExperimentDescription }) {
  const compare = bench.link.value.compare;
  const choosable = experiment.settings.filter((each) => each.name !== "seed");
  const first = choosable.find((each) => each.name === "k" || each.type === "choice") ?? choosable[0];
  const toggle = (
    <label class="lab-check">
      <input type="checkbox" checked={compare !== null} onChange={(event) => {
        if (!event.currentTarget.checked) bench.setComparing(null);
        else bench.setComparing(first === undefined ? {} : { [first.name]: String(otherValue(first)) });
      }} />
      A second run beside it, same seed
    </label>
  );
  if (compare === null) return toggle;
  const differing = choosable.filter((each) => compare[each.name] !== undefined);
  const free = choosable.filter((each) => compare[each.name] === undefined);
  return (
    <>
      {toggle}
      <fieldset class="lab-compare">
        <legend>In the second run</legend>
        <div class="lab-fields">
          {differing.map((setting) => (
            <div key={setting.name} class="lab-difference">
              <SettingField
                setting={setting} label={setting.title}
                value={settingOf(experiment, compare, setting.name) ?? setting.default}
                onChange={(text) => bench.setCompared(setting.name, text)}
              />
              <button type="button" class="plain" aria-label={`${setting.title} as in the first run`}
                onClick={() => bench.setCompared(setting.name, null)}>×</button>
            </div>
          ))}
        </div>
        <label class="field">
          Another difference
          <select value="" onChange={(event) => {
            const setting = free.find((each) => each.name === event.currentTarget.value);
            if (setting !== undefined) bench.setCompared(setting.name, String(otherValue(setting)));
          }}>
            <option value="">choose a setting</option>
            {free.map((each) => <option key={each.name} value={each.name}>{each.title}</option>)}
          </select>
        </label>
      </fieldset>
    </>
  );
}

/** A value that differs from the default, to begin with. */
function otherValue(setting: SettingDescription): SettingValue {
  if (setting.type === "boolean") return setting.default !== true;
  if (setting.type === "choice") {
    const other = setting.choices?.find((choice) => choice.value !== setting.default);
    return other?.value ?? setting.default;
  }
  const now = Number(setting.default);
  const doubled = now === 0 ? Math.min(setting.max ?? 1, setting.type === "integer" ? 1 : 0.1) : now * 2;
  return Math.min(setting.max ?? doubled, doubled);
}

export function ExperimentChoice({ bench }: { bench: Bench }) {
  const experiment = bench.experiment.value;
  return (
    <>
      <label class="field">
        Experiment
        <select value={experiment?.name ?? ""} onChange={(event) => bench.setExperiment(event.currentTarget.value)}>
          {bench.catalogue.experiments.map((each) => (
            <option key={each.name} value={each.name}>{each.title}</option>
          ))}
        </select>
      </label>
      <p class="quiet">{experiment?.about}</p>
    </>
  );
}

/** `only` names the settings of a chapter; null shows all, and the comparison. */
export function SettingsForm({ bench, only }: { bench: Bench; only: readonly string[] | null }) {
  const experiment = bench.experiment.value;
  if (experiment === undefined) return null;
  return (
    <form class="stack" onSubmit={(event) => event.preventDefault()} aria-label="Settings of the run">
      {only === null && <ExperimentChoice bench={bench} />}
      <Fields bench={bench} experiment={experiment} only={only} />
      {only === null && <Comparison bench={bench} experiment={experiment} />}
      <p class="problem" role="alert">{bench.problem.value}</p>
    </form>
  );
}
