// What scrolls can be focused, so that it can be scrolled by the keyboard.
document.querySelectorAll("pre, .table-wrapper").forEach((element) => {
  element.tabIndex = 0;
});
