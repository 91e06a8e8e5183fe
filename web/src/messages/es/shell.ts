/** Spanish: the frame of the page. */

import type { shell as English } from "../en/shell";

export const shell: typeof English = {
  language: "es",
  title: "mainshock",
  nav: {
    label: "Vistas",
    live: "En directo",
    events: "Sismos",
    forecast: "Pronóstico",
    stations: "Estaciones",
    faults: "Fallas",
    shaking: "Sacudida",
  },
  choose: {
    language: "Idioma",
    theme: "Colores",
    themes: { auto: "como el sistema", light: "claros", dark: "oscuros" },
  },
  skip: "Saltar al contenido",
  loading: "Cargando …",
  back: "Todos los sismos",
  none: "ninguna",
  unknown: "desconocido",
  synthetic: "Registros sintéticos: nada de esto ocurrió",
  uncertainty: "± es una desviación estándar.",
  status: {
    label: "Estado del servicio",
    connecting: "Conectando …",
    open: "Página conectada",
    waiting: "Conexión perdida; se intenta de nuevo …",
    closed: "Cerrada",
    source: "Fuente",
    data: "Datos hasta",
    noData: "Aún no hay datos",
    stored: "Registros guardados",
    storedTo: "Registros guardados hasta",
    service: {
      ready: () => "",
      starting: () => "El servicio está arrancando.",
      stopping: () => "El servicio se está deteniendo.",
      degraded: (reason) => `No todo funciona: ${reason}`,
    },
    delay: (span) => `${span} de retraso`,
    replay: "Reproducción de registros pasados",
    live: "En directo",
    problem: (text) => `No se pudo leer todo: ${text}`,
    unauthorised: "hace falta un token. Abra la página con ?token=TOKEN al final de su dirección.",
  },
};
