/** The walk: how gossip works, in chapters. `chapter` is "1" to "7", or "build". */
export default function Walk({ chapter }: { chapter: string }) {
  return (
    <main id="content" tabIndex={-1}>
      <h1>How gossip works</h1>
      <p>Chapter {chapter}.</p>
    </main>
  );
}
