// A button that may not be pressed yet, because a chat server said when it may be asked again:
// it counts the seconds down. Without scripts it can be pressed at any time.
export function startRetries() {
  wait();
  document.addEventListener("htmx:afterSettle", wait);
}

function wait() {
  for (const button of document.querySelectorAll("[data-retry-in]")) {
    const until = performance.now() + 1000 * Number(button.dataset.retryIn);
    delete button.dataset.retryIn;
    const label = button.querySelector("[data-retry-label]");
    const [ready, waiting] = [label.textContent, button.dataset.retryWait];
    button.disabled = true;
    const tick = () => {
      if (!button.isConnected) return;
      const left = Math.ceil((until - performance.now()) / 1000);
      button.disabled = left > 0;
      label.textContent = left > 0 ? waiting.replace("{n}", left) : ready;
      if (left > 0) setTimeout(tick, 250);
    };
    tick();
  }
}
