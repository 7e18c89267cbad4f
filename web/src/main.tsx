import { render } from "preact";
import "./shell/base.css";
import "./shell/layout.css";
import { Layout } from "./shell/layout";
import { redeemLoginOfAddress } from "./daemon/session";
import { startTheme } from "./shell/theme";

startTheme();
const root = document.getElementById("page");
if (root === null) throw new Error("index.html has no element named page");
// The code leaves the address before anything is drawn, so that it is in no history.
void redeemLoginOfAddress();
render(<Layout />, root);
