// Colours and dashes of series. Each colour has a contrast of 3:1 and more against both backgrounds, and the first
// eight can be told apart by the colour-blind; further series have other dashes.

export const backgrounds = { light: "#ffffff", dark: "#14181d" };

export const palette = ["#1a7fc1", "#d55e00", "#00916a", "#b8609a", "#8c7b12", "#7d70d0", "#5f7f86", "#d6484f"];

const dashes: number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/** lookOf is how the n-th series is drawn. */
export function lookOf(n: number): { color: string; dash: number[] } {
  return {
    color: palette[n % palette.length]!,
    dash: dashes[Math.floor(n / palette.length + (n % palette.length)) % dashes.length]!,
  };
}

/** contrast is the contrast of two colours as WCAG defines it, from 1 to 21. */
export function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
