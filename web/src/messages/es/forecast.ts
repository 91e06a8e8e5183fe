/** Spanish: the forecast. */

import type { forecast as English } from "../en/forecast";

const WINDOWS: Record<number, string> = { 1: "1 día", 7: "1 semana", 30: "30 días", 365: "1 año" };

export const forecast: typeof English = {
  title: "Pronóstico",
  research: "Resultado de investigación, no un pronóstico oficial",
  explanation:
    "Cuántos sismos espera un modelo a partir de lo que se sabe hasta ahora. Son probabilidades: " +
    "los sismos no se pueden predecir. Cambian con cada nuevo sismo.",
  none: (reason) => `No hay pronóstico: ${reason}`,
  withdrawnTitle: "Retirado: los datos son demasiado antiguos",
  withdrawn: (age, limit) =>
    `Los datos más recientes tienen ${age}, más de ${limit}. Un pronóstico hecho con ellos sería ` +
    "erróneo, así que no se muestra ninguno.",
  lastIssued: "El último emitido",
  issued: "Emitido",
  cutOff: "Datos hasta",
  ago: (span) => `hace ${span}`,
  retrospective: "Retrospectivo: hecho para un tiempo pasado",
  notValidated: "No validado para todas las ventanas mostradas",
  validated: "Validado para las ventanas mostradas",
  model: "Modelo",
  agency: "Fuente de información oficial",
  log: "Línea del registro",
  logValue: (number, digest) => `${number + 1}, SHA-256 ${digest.slice(0, 16)}…`,
  region: "Región",
  magnitude: "Magnitud",
  window: "Ventana",
  windows: (days) => WINDOWS[days] ?? `${days} días`,
  chance: "Probabilidad de al menos uno",
  reference: "Probabilidad a largo plazo",
  multiple: "Veces el número a largo plazo",
  number: "Número (95 %)",
  orLarger: (magnitude) => `M ${magnitude} o mayor`,
  table: "Probabilidades por magnitud y ventana",
  below: "< 1 %",
  above: "> 99 %",
  generic: "genérico",
  untested: "no validado",
  words: "En palabras",
  map: "Dónde: el próximo día",
  mapLabel: "Qué muestra el mapa",
  byNumber: "número esperado en cada celda",
  byMultiple: "veces el número a largo plazo",
  showEvents: "con sismos",
  cells: (magnitude) => `M ${magnitude} o mayor, próximo día`,
  place: "La probabilidad en un lugar",
  placeText: "De un sismo a menos de una distancia de un lugar, desde ahora. La respuesta no se registra.",
  longitude: "Longitud (°)",
  latitude: "Latitud (°)",
  radius: "A menos de (km)",
  days: "Días",
  ask: "Calcular",
  aftershocks: "Qué esperar después de este sismo: réplicas",
};
