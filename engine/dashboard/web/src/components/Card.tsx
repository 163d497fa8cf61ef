import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Props {
  title: string;
  /** what stands at the end of the line of the title */
  end?: ComponentChildren;
  note?: string | undefined;
  wide?: boolean;
  children: ComponentChildren;
}

/** Card is a part of a page with a title. */
export function Card({ title, end, note, wide, children }: Props) {
  const id = useId();
  return (
    <section class={wide ? "panel wide" : "panel"} aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {end}
      </div>
      {note && <p class="hint">{note}</p>}
      {children}
    </section>
  );
}
