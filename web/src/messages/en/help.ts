/** English: the help on the keyboard. */

export const help = {
  title: "Keyboard",
  open: "Keyboard help",
  close: "Close",
  keys: "Keys",
  action: "What they do",
  then: "then",
  everywhere: "Everywhere",
  views: "Go to a view",
  showHelp: "Show this help",
  goTo: (view: string) => `Go to ${view}`,
  changeTheme: "Change the colours",
  skip: "Go to the content",
  note: "Keys do nothing while a field is being filled in.",
  isOn: "Shortcuts by keys are on",
};
