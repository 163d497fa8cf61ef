import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../lib/format";

interface Props {
  repos: string[] | undefined;
  chosen: string[];
  onChange: (chosen: string[]) => void;
}

/** RepoPicker chooses repositories from a list that can be searched; none stands for all. */
export function RepoPicker({ repos, chosen, onChange }: Props) {
  const [sought, setSought] = useState("");
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const picker = details.current;
      if (!picker?.open) return;
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !picker.contains(event.target as Node)) {
        if (event instanceof KeyboardEvent && picker.contains(document.activeElement)) picker.querySelector("summary")?.focus();
        picker.open = false;
      }
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  const known = [...new Set([...(repos ?? []), ...chosen])].sort();
  const found = known.filter((repo) => repo.toLowerCase().includes(sought.trim().toLowerCase()));
  const toggle = (repo: string) => onChange(chosen.includes(repo) ? chosen.filter((other) => other !== repo) : [...chosen, repo].sort());
  const title = chosen.length === 0 ? "all" : chosen.length === 1 ? chosen[0] : `${chosen.length} chosen`;
  return (
    <div class="field">
      <span id="repos-label">Repositories</span>
      <details class="picker" ref={details}>
        <summary aria-labelledby="repos-label repos-chosen">
          <span id="repos-chosen">{title}</span>
        </summary>
        <div class="picker-list">
          <input type="search" placeholder="Search" aria-label="Search repositories" value={sought} onInput={(event) => setSought(event.currentTarget.value)} />
          <button type="button" disabled={chosen.length === 0} onClick={() => onChange([])}>
            All repositories
          </button>
          <ul>
            {found.map((repo) => (
              <li key={repo}>
                <label>
                  <input type="checkbox" checked={chosen.includes(repo)} onChange={() => toggle(repo)} /> {repo}
                </label>
              </li>
            ))}
          </ul>
          <p class="hint" role="status">
            {repos === undefined ? "Loading …" : found.length === 0 ? "No repository has this in its name." : `${count(found.length)} of ${count(known.length)}`}
          </p>
        </div>
      </details>
    </div>
  );
}
