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
    const [ready, { retryWait, retryMinutes }] = [label.textContent, button.dataset];
    const told = (left) =>
      left > 120
        ? retryMinutes.replace("{n}", Math.ceil(left / 60))
        : retryWait.replace("{n}", left);
    button.disabled = true;
    const tick = () => {
      if (!button.isConnected) return;
      const left = Math.ceil((until - performance.now()) / 1000);
      button.disabled = left > 0;
      label.textContent = left > 0 ? told(left) : ready;
      if (left > 0) setTimeout(tick, 250);
    };
    tick();
  }
}
