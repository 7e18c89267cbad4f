/** The overlays that the token reaches. */
export function Overlays() {
  return <main id="content" tabIndex={-1}><h1>Overlays</h1></main>;
}
