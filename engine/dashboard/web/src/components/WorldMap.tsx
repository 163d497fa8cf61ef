import map from "world-map";
import type { UsageRow } from "../api/types";
import { mapLevel, valueTitle } from "../lib/breakdown";
import { count } from "../lib/format";

interface Props {
  rows: UsageRow[];
  chosen: string[];
  toggle: (code: string) => void;
}

/** WorldMap shows from where is pulled. Its table has the same numbers, and buttons for the keyboard. */
export function WorldMap({ rows, chosen, toggle }: Props) {
  const pulls = new Map(rows.map((row) => [row.group?.[0] ?? "", row.pulls]));
  const most = Math.max(0, ...[...pulls].filter(([code]) => code !== "").map(([, n]) => n));
  const shape = (code: string) => {
    const n = pulls.get(code) ?? 0;
    return {
      class: `level-${mapLevel(n, most)}${chosen.includes(code) ? " chosen" : ""}`,
      title: `${valueTitle("country", code)}: ${n ? `${count(n)} pulls` : "no pulls"}`,
      onClick: n ? () => toggle(code) : undefined,
    };
  };
  return (
    <svg class="map" viewBox={`0 0 ${map.width} ${map.height}`} role="img" aria-label="Map of the countries: the stronger the colour, the more pulls">
      <path d={map.rest} class="level-0" />
      {Object.entries(map.paths).map(([code, path]) => {
        const { title, ...props } = shape(code);
        return (
          <path key={code} d={path} {...props}>
            <title>{title}</title>
          </path>
        );
      })}
      {Object.entries(map.points)
        .filter(([code]) => pulls.has(code))
        .map(([code, [x, y]]) => {
          const { title, ...props } = shape(code);
          return (
            <circle key={code} cx={x} cy={y} r="4" {...props}>
              <title>{title}</title>
            </circle>
          );
        })}
    </svg>
  );
}
