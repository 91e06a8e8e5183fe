/** Español: qué contiene el archivo de registros. */

import type { archive as English } from "../en/archive";

export const archive: typeof English = {
  nav: "Archivo",
  title: "Archivo de registros",
  none: "El archivo aún no contiene registros.",
  day: "Día (UTC)",
  earlierDay: "Día anterior",
  laterDay: "Día siguiente",
  stations: "Estaciones (patrón)",
  days: (first: string, last: string, count: number) => `${count} ${count === 1 ? "día" : "días"} con registros, del ${first} al ${last}`,
  nothing: "No hay registros de este día y estas estaciones.",
  trace: "Canal",
  when: "Cuándo",
  share: "Parte del día",
  gaps: "Huecos",
  size: "Tamaño",
  gapsText: (count: number, length: string) => (count === 0 ? "ninguno" : `${count} en total, ${length}`),
  barLabel: (trace: string, percent: string) => `${trace}: registros en ${percent} del día`,
  open: "Abrir",
  openLabel: (trace: string) => `Abrir el registro de ${trace}`,
  barNote: "Un clic en una barra abre el registro allí.",
  record: (trace: string) => `Registro de ${trace}`,
  recordLabel: (trace: string, from: string, until: string) => `Registro de ${trace} de ${from} a ${until}, UTC`,
  earlier: "Antes",
  later: "Después",
  shorter: "Más corto",
  longer: "Más largo",
  close: "Cerrar",
  download: "Guardar como miniSEED",
  noRecord: "No se registró nada en este tiempo.",
};
