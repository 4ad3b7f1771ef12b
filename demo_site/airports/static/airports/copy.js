// A button that copies, in each block of code.

if (navigator.clipboard) {
  for (const block of document.querySelectorAll("[data-copy]")) {
    const code = block.querySelector("code");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const lines = block.hasAttribute("data-diff") ? [...code.querySelectorAll("ins, [data-kept]")].map((line) => line.textContent) : [code.textContent];
      await navigator.clipboard.writeText(lines.join("\n").trim() + "\n");
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    const frame = document.createElement("div");
    frame.className = "copy-frame";
    block.before(frame);
    frame.append(block, button);
  }
}
