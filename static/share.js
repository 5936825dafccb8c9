// Shows the buttons that only a script can serve: copy a field, and hand the link to an app of the device.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.parentElement.querySelector("[role=status]").textContent = button.dataset.done;
    } catch {
      field.focus();
      field.select();
    }
  });
}
for (const button of document.querySelectorAll("[data-share]")) {
  const { share: url, title, text } = button.dataset;
  button.hidden = !navigator.share;
  button.addEventListener("click", () => navigator.share({ url, title, text }).catch(() => {}));
}
