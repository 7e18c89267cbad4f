/** The lab: the simulator in real time. `link` is what stands behind `?` in the address. */
export default function Lab({ link }: { link: string }) {
  return (
    <main id="content" tabIndex={-1}>
      <h1>Lab</h1>
      <p>The simulator, driven in real time by the daemon.</p>
      {link !== "" && <p><code>{link}</code></p>}
    </main>
  );
}
