// Light or dark: the system's choice until the button is pressed; then the reader's, kept in this browser.
// A classic script in the head, so that the page is never painted in the wrong colours first.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is switched off: the choice lasts as long as the page
    }
  };
  const apply = (theme) => {
    if (theme) root.dataset.theme = theme;
    document.dispatchEvent(new Event("themechange"));
  };
  apply(stored());
  system.addEventListener("change", () => apply(root.dataset.theme));
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    button.hidden = false;
    button.addEventListener("click", () => {
      const now = root.dataset.theme ?? (system.matches ? "dark" : "light");
      const next = now === "dark" ? "light" : "dark";
      try {
        localStorage.setItem("theme", next);
      } catch {
        // as above
      }
      apply(next);
    });
  });
})();
