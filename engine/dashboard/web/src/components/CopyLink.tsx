import { useEffect, useState } from "preact/hooks";

/** CopyLink copies the address, which opens the same view for whoever follows it. */
export function CopyLink() {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(""), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      setSaid("Link copied");
    } catch {
      setSaid("This browser does not let the page copy: take the address from the address bar");
    }
  };
  return (
    <span class="copy-link">
      <button type="button" onClick={copy}>
        Copy link
      </button>
      <span role="status" class="hint">
        {said}
      </span>
    </span>
  );
}
