// The controls that several pages have.

import { useEffect, useState } from "preact/hooks";
import type { LastMonths, RangeChoice, Timespan } from "../lib/period";
import { isDay, resolveRange } from "../lib/period";
import { me, namespaceChoices, today } from "../state/session";

interface SelectProps<Value extends string> {
  label: string;
  value: Value;
  choices: { value: Value; title: string; disabled?: boolean }[];
  onChange: (value: Value) => void;
}

/** Select is a labelled choice of one of few. */
export function Select<Value extends string>({ label, value, choices, onChange }: SelectProps<Value>) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as Value)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} disabled={choice.disabled ?? false}>
            {choice.title}
          </option>
        ))}
      </select>
    </label>
  );
}

export function NamespaceSelect({ value, onChange }: { value: string; onChange: (namespace: string) => void }) {
  const choices = me.value ? namespaceChoices(me.value) : [];
  const all = choices.includes(value) ? choices : [value, ...choices]; // who follows a link may not see it
  return <Select label="Namespace" value={value} choices={all.map((name) => ({ value: name, title: name }))} onChange={onChange} />;
}

export function TimespanSelect({ value, onChange }: { value: Timespan; onChange: (timespan: Timespan) => void }) {
  const choices: { value: Timespan; title: string }[] = [
    { value: "days", title: "days" },
    { value: "weeks", title: "weeks" },
    { value: "months", title: "months" },
  ];
  return <Select label="By" value={value} choices={choices} onChange={onChange} />;
}

interface RangeProps {
  value: RangeChoice;
  timespan: Timespan;
  onChange: (range: RangeChoice) => void;
}

/** RangeSelect chooses the last months, or any days. */
export function RangeSelect({ value, timespan, onChange }: RangeProps) {
  const chosen = "from" in value ? "days" : (String(value.last) as "3" | "6" | "12");
  const change = (choice: string) => onChange(choice === "days" ? resolveRange(value, timespan, today()) : { last: Number(choice) as LastMonths });
  return (
    <>
      <Select
        label="Range"
        value={chosen}
        choices={[
          { value: "3", title: "last 3 months" },
          { value: "6", title: "last 6 months" },
          { value: "12", title: "last 12 months" },
          { value: "days", title: "from – to" },
        ]}
        onChange={change}
      />
      {"from" in value && <DayFields value={value} onChange={onChange} />}
    </>
  );
}

function DayFields({ value, onChange }: { value: { from: string; to: string }; onChange: (range: RangeChoice) => void }) {
  const [days, setDays] = useState(value);
  useEffect(() => setDays(value), [value.from, value.to]);
  const valid = isDay(days.from) && isDay(days.to) && days.from <= days.to;
  const apply = () => {
    if (valid && (days.from !== value.from || days.to !== value.to)) onChange(days);
  };
  const field = (name: "from" | "to", title: string) => (
    <label class="field">
      <span>{title}</span>
      <input
        class="day"
        inputMode="numeric"
        placeholder="YYYY-MM-DD"
        maxLength={10}
        autocomplete="off"
        value={days[name]}
        aria-invalid={!valid}
        onInput={(event) => setDays({ ...days, [name]: event.currentTarget.value.trim() })}
        onChange={apply}
        onKeyDown={(event) => event.key === "Enter" && apply()}
      />
    </label>
  );
  return (
    <>
      {field("from", "From")}
      {field("to", "To")}
      {!valid && (
        <p class="field-problem" role="alert">
          Write both days as YYYY-MM-DD, the first not after the last.
        </p>
      )}
    </>
  );
}
