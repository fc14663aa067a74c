import "@mantine/core/styles.css";
import "@fontsource-variable/inter/wght.css";
import "./app/tokens.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(<App />);
