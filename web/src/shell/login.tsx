import { useState } from "preact/hooks";
import { loginProblem, loginRuns, loginWithToken } from "../daemon/session";

/** Shown for as long as this tab has no token. */
export function Login() {
  const [token, setToken] = useState("");
  if (loginRuns.value) return <main class="narrow"><p role="status">Logging in …</p></main>;
  return (
    <main class="narrow" id="content">
      <h1>Grapevine</h1>
      <p>
        Run <code>grapevine ui</code> on the host of this daemon: it opens this page with a link that
        works once. Or paste a token; the administrator's is in the daemon's state folder.
      </p>
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void loginWithToken(token.trim());
        }}
      >
        <label class="field">
          Token
          <input
            type="password" autocomplete="off" spellcheck={false} required maxLength={512}
            value={token} onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button class="primary" type="submit">Log in</button>
        <p class="problem" role="alert">{loginProblem.value}</p>
      </form>
      <p><a href="#/walk/1">Learn how gossip works</a></p>
    </main>
  );
}
