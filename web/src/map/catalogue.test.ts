import { expressions } from "@maplibre/maplibre-gl-style-spec";
import { expect, test } from "vitest";

test("x", () => expect(expressions).toBeDefined());
