/** Colours of the panels, for light and dark. */

export interface PanelColours {
  text: string;
  grid: string;
  axis: string;
  /** Of the events that are chosen, as numbers of red, green and blue too. */
  chosen: string;
  chosenRgb: [number, number, number];
  /** Of the others. */
  otherRgb: [number, number, number];
  bar: string;
  fit: string;
}

export const LIGHT: PanelColours = {
  text: "#55626c",
  grid: "#e3e7ea",
  axis: "#7b8791",
  chosen: "#0b5c99",
  chosenRgb: [11, 92, 153],
  otherRgb: [196, 204, 210],
  bar: "#6f9fc2",
  fit: "#b8336a",
};

export const DARK: PanelColours = {
  text: "#9fadb8",
  grid: "#26333d",
  axis: "#74838f",
  chosen: "#7cc0f4",
  chosenRgb: [124, 192, 244],
  otherRgb: [66, 80, 91],
  bar: "#4a7ea6",
  fit: "#ff8fb8",
};
