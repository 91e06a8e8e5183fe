/** German: the help on the keyboard. */

import type { help as English } from "../en/help";

export const help: typeof English = {
  title: "Tastatur",
  open: "Hilfe zur Tastatur",
  close: "Schließen",
  keys: "Tasten",
  action: "Was sie tun",
  then: "dann",
  everywhere: "Überall",
  views: "Zu einer Ansicht",
  showHelp: "Diese Hilfe zeigen",
  goTo: (view) => `Zu: ${view}`,
  changeTheme: "Farben wechseln",
  skip: "Zum Inhalt",
  note: "Solange ein Feld ausgefüllt wird, tun die Tasten nichts.",
  isOn: "Tastenkürzel sind eingeschaltet",
};
