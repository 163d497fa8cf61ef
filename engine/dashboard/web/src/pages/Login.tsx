import { useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { openSecondSession, openSession } from "../state/session";

/** Login asks for user and password, and for the code of a second factor where one is needed; App goes on from there. */
export function Login() {
  const [secondFactor, setSecondFactor] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(given.get(name) ?? "");
    setBusy(true);
    setProblem("");
    try {
      await (secondFactor ? openSecondSession(secondFactor, text("code").replaceAll(" ", "")) : openSession(text("username"), text("password")));
    } catch (error) {
      if (error instanceof ApiError && error.secondFactor) setSecondFactor(error.secondFactor);
      else setProblem((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="login panel" aria-label="Log in" onSubmit={submit} aria-busy={busy}>
      <h1 tabIndex={-1}>Log in</h1>
      {secondFactor ? (
        <label class="field" key="code">
          <span>Code of your second factor</span>
          <input name="code" autocomplete="one-time-code" inputMode="numeric" required autoFocus />
        </label>
      ) : (
        <>
          <label class="field" key="username">
            <span>User</span>
            <input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required autoFocus />
          </label>
          <label class="field" key="password">
            <span>Password or access token</span>
            <input name="password" type="password" autocomplete="current-password" required />
          </label>
        </>
      )}
      {problem && (
        <p class="problem" role="alert">
          {sentenceOf(problem)}
        </p>
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={busy}>
          {secondFactor ? "Continue" : "Log in"}
        </button>
        {secondFactor && (
          <button type="button" onClick={() => setSecondFactor("")}>
            Back
          </button>
        )}
      </div>
      <p class="hint">Administrators make users with engine user add.</p>
    </form>
  );
}

function sentenceOf(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + ".";
}
