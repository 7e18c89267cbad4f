// Which file draws which page.
import { later } from "./later";

export const Lab = later<{ link: string }>(() => import("../lab/index"));
export const Walk = later<{ chapter: string }>(() => import("../walk/index"));
export { Overlays } from "../pages/overlays";
export { OverlayPages } from "../pages/overlay";
