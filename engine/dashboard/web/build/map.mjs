// Makes the module "world-map" for esbuild: the countries as SVG paths, and those that are too small for a path as
// points, by ISO 3166-1 alpha-2 code.
import { readFileSync } from "node:fs";
import { geoArea, geoNaturalEarth1, geoPath } from "d3-geo";
import countries from "i18n-iso-countries";
import { feature } from "topojson-client";

export const width = 800;
export const height = 400;

export const worldMap = {
  name: "world-map",
  setup(build) {
    build.onResolve({ filter: /^world-map$/ }, () => ({ path: "world-map", namespace: "world-map" }));
    build.onLoad({ filter: /.*/, namespace: "world-map" }, () => ({ contents: JSON.stringify(drawWorld()), loader: "json" }));
  },
};

function drawWorld() {
  const coarse = read("countries-110m.json").filter(({ id }) => id !== "010"); // without Antarctica
  const fine = read("countries-50m.json");
  const projection = geoNaturalEarth1().fitExtent([[1, 1], [width - 1, height - 1]], { type: "FeatureCollection", features: coarse });
  const draw = geoPath(projection).digits(1);
  const paths = {};
  const rest = []; // of no country that has a code, to complete the picture
  for (const shape of coarse) {
    const code = countries.numericToAlpha2(shape.id);
    const path = draw(shape);
    if (code) paths[code] = (paths[code] ?? "") + path;
    else if (path) rest.push(path);
  }
  const points = {};
  for (const shape of fine) {
    const code = countries.numericToAlpha2(shape.id);
    if (!code || paths[code] || code === "AQ") continue;
    const biggest = points[code]?.area ?? 0;
    const area = geoArea(shape);
    if (area > biggest) points[code] = { area, at: draw.centroid(shape).map((n) => Math.round(n)) };
  }
  return { width, height, paths, rest: rest.join(""), points: Object.fromEntries(Object.entries(points).map(([code, { at }]) => [code, at])) };
}

function read(name) {
  const atlas = JSON.parse(readFileSync(new URL(`../node_modules/world-atlas/${name}`, import.meta.url), "utf8"));
  return feature(atlas, atlas.objects.countries).features;
}
