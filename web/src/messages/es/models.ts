/** Español: pesos de redes y sus fichas. */

import type { models as English } from "../en/models";

export const models: typeof English = {
  nav: "Modelos",
  title: "Modelos",
  now: (name: string) => `Las lecturas más recientes son del modelo ${name}.`,
  nothingNow: "Aún no hay lecturas; ninguno de estos modelos ha servido.",
  name: "Nombre",
  task: "Tarea",
  version: "Versión",
  state: "Estado",
  serves: "detector del nombre default",
  loaded: "cargado",
  packaged: "incluido",
  added: "añadido",
  show: "Ficha",
  showLabel: (name: string) => `Ficha de ${name}`,
  licence: "Licencia",
  files: "Archivos (SHA-256)",
  noCard: "Este modelo no tiene ficha.",
  close: "Cerrar",
  compare: "Comparar dos modelos",
  left: "Primero",
  right: "Segundo",
  metric: "Puntuación",
  noCommon: "Estos dos no tienen puntuaciones que mostrar.",
  onlyCommon: "Solo puntuaciones que ambos tienen",
  promote: "Promover",
  promoteWhy: "Promoción",
};
