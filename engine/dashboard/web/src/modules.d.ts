// What the build makes of files that are no TypeScript.

declare module "*.css";

declare module "world-map" {
  const map: {
    width: number;
    height: number;
    /** SVG paths by ISO 3166-1 alpha-2 code */
    paths: Record<string, string>;
    /** a path of what has no code */
    rest: string;
    /** where countries are that are too small for a path */
    points: Record<string, [number, number]>;
  };
  export default map;
}
