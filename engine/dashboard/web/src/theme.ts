// Runs before anything is painted, so that the page does not flash in the other colours.
import { markTheme, storedTheme } from "./lib/theme";

markTheme(storedTheme());
