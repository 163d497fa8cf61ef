// The dimensions of usage, and how their values are called.

import type { Counts } from "../api/types";
import type { Dimension } from "../state/params";
import { country } from "./format";

/** CardKind is what one card of the breakdown tells apart. */
export interface CardKind {
  name: string;
  title: string;
  by: Dimension[];
  /** how many values it shows first */
  top: number;
  note?: string;
  /** takes the whole width */
  wide?: boolean;
}

export const dimensionTitles: Record<Dimension, string> = {
  repo: "Repository",
  tag: "Tag",
  country: "Country",
  cloud: "Cloud",
  client: "Client",
  version: "Version",
  "use-case": "Use case",
  platform: "Platform",
  company: "Company",
};

const unknownTitles: Partial<Record<Dimension, string>> = {
  tag: "by digest, no tag",
  cloud: "no cloud",
  company: "no company",
};

/** valueTitle is how a value is shown. */
export function valueTitle(name: Dimension, value: string): string {
  if (value === "") return unknownTitles[name] ?? "unknown";
  return name === "country" ? country(value) : value;
}

export const cards: CardKind[] = [
  { name: "countries", title: "Countries", by: ["country"], top: 10, wide: true },
  { name: "repos", title: "Repositories", by: ["repo"], top: 10 },
  { name: "clouds", title: "Clouds", by: ["cloud"], top: 10 },
  { name: "use-cases", title: "Use cases", by: ["use-case"], top: 10 },
  { name: "clients", title: "Clients", by: ["client"], top: 10 },
  { name: "versions", title: "Clients and versions", by: ["client", "version"], top: 10 },
  { name: "platforms", title: "Platforms", by: ["platform"], top: 10, note: "As far as clients tell theirs." },
  { name: "companies", title: "Companies", by: ["company"], top: 10, note: "By the domain of the user or of the address.", wide: true },
];

/** mapLevel is how strong the colour of a country on the map is, 0 (none) to 5: each step is twice as many. */
export function mapLevel(pulls: number, most: number): number {
  if (pulls <= 0 || most <= 0) return 0;
  return Math.max(1, 5 - Math.floor(Math.log2(most / pulls)));
}

/** seen tells that counts have first and last requests. */
export function isSeen(counts: Counts): boolean {
  return counts.firstSeen !== undefined && counts.lastSeen !== undefined;
}
