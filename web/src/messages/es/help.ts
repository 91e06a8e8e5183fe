/** Spanish: the help on the keyboard. */

import type { help as English } from "../en/help";

export const help: typeof English = {
  title: "Teclado",
  open: "Ayuda del teclado",
  close: "Cerrar",
  keys: "Teclas",
  action: "Qué hacen",
  then: "y luego",
  everywhere: "En todas partes",
  views: "Ir a una vista",
  showHelp: "Mostrar esta ayuda",
  goTo: (view) => `Ir a ${view}`,
  changeTheme: "Cambiar los colores",
  skip: "Ir al contenido",
  note: "Las teclas no hacen nada mientras se rellena un campo.",
  isOn: "Los atajos de teclado están activados",
};
