import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/content.css";
import "./styles/chart.css";
import "./styles/print.css";
import { App } from "./components/App";
import { learnMe } from "./state/session";
import { watchTheme } from "./state/theme";

watchTheme();
void learnMe();
render(<App />, document.getElementById("app")!);
