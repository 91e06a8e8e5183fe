"""Texts of forecasts in German and Spanish: the keys are those of the English ones."""

from collections.abc import Mapping

__all__ = ["GERMAN", "SPANISH"]

GERMAN: Mapping[str, str] = {
    "chance": (
        "Zwischen {start} und {end} beträgt die Wahrscheinlichkeit mindestens eines Erdbebens der "
        "Magnitude {magnitude} oder stärker in diesem Gebiet ({region}) {chance} "
        "({frequency}{range})."
    ),
    "reference": (
        "Die langfristige Wahrscheinlichkeit für ein Zeitfenster dieser Länge ist "
        "{reference}{multiple}."
    ),
    "multiple": "; erwartet wird {multiple} der langfristigen Anzahl",
    "number": "Erwartet: {number} der Magnitude {count_magnitude} oder stärker (95-%-Bereich).",
    "generic": "Dies folgt aus Parametern vieler Gebiete, nicht dieses einen.",
    "not_validated": "Das Modell wurde für Zeitfenster dieser Länge nicht überprüft.",
    "source": "Erstellt am {issued} von {model} mit Daten bis {cut_off}.",
    "research": "Dies ist ein Forschungsergebnis, keine amtliche Prognose.",
    "caution": (
        "Erdbeben lassen sich nicht vorhersagen; diese Zahl ändert sich, sobald neue Daten "
        "eintreffen."
    ),
    "retrospective": "Dies wurde erstellt, nachdem sein Zeitfenster begonnen hatte.",
    "agency": "Quelle amtlicher Auskunft: {agency}.",
    "about": "etwa {number}",
    "percent": "{number} %",
    "below": "weniger als 1 %",
    "above": "mehr als 99 %",
    "one_in": "ungefähr 1 von {n}",
    "many_in": "ungefähr {k} von {n}",
    "less_than_one_in": "weniger als 1 von {n}",
    "more_than_in": "mehr als {k} von {n}",
    "chance_range": "; Spanne {low} bis {high}",
    "counts": "{low} bis {high} Erdbeben",
    "no_counts": "kein Erdbeben",
    "few_counts": "höchstens {high} Erdbeben",
    "one_count": "höchstens 1 Erdbeben",
    "times": "etwa das {number}-Fache",
    "time": "%Y-%m-%d %H:%M UTC",
    "region.box": "von {west} bis {east} Grad Länge und {south} bis {north} Grad Breite",
    "region.circle": (
        "bis {radius_km} km um den Punkt bei {longitude} Grad Länge und {latitude} Grad Breite"
    ),
    "region.mainshock": (
        "bis {radius_km} km um das Erdbeben der Magnitude {magnitude} bei {latitude}, {longitude}"
    ),
}

SPANISH: Mapping[str, str] = {
    "chance": (
        "Entre {start} y {end}, la probabilidad de al menos un sismo de magnitud {magnitude} o "
        "mayor en esta zona ({region}) es de {chance} ({frequency}{range})."
    ),
    "reference": (
        "La probabilidad a largo plazo para una ventana de esta duración es de "
        "{reference}{multiple}."
    ),
    "multiple": "; se espera {multiple} el número a largo plazo",
    "number": "Se esperan: {number} de magnitud {count_magnitude} o mayor (intervalo del 95 %).",
    "generic": "Esto procede de parámetros de muchas zonas, no de esta.",
    "not_validated": "El modelo no se validó para ventanas de esta duración.",
    "source": "Emitido el {issued} por {model} con datos hasta {cut_off}.",
    "research": "Es un resultado de investigación, no un pronóstico oficial.",
    "caution": (
        "Los sismos no se pueden predecir; este número cambiará a medida que lleguen datos nuevos."
    ),
    "retrospective": "Se hizo después de que empezara su ventana.",
    "agency": "Fuente de información oficial: {agency}.",
    "about": "alrededor del {number}",
    "percent": "{number} %",
    "below": "menos del 1 %",
    "above": "más del 99 %",
    "one_in": "aproximadamente 1 de cada {n}",
    "many_in": "aproximadamente {k} de cada {n}",
    "less_than_one_in": "menos de 1 de cada {n}",
    "more_than_in": "más de {k} de cada {n}",
    "chance_range": "; intervalo de {low} a {high}",
    "counts": "de {low} a {high} sismos",
    "no_counts": "ningún sismo",
    "few_counts": "{high} sismos como máximo",
    "one_count": "1 sismo como máximo",
    "times": "alrededor de {number} veces",
    "time": "%Y-%m-%d %H:%M UTC",
    "region.box": "de {west} a {east} grados de longitud y de {south} a {north} grados de latitud",
    "region.circle": (
        "hasta {radius_km} km del punto de longitud {longitude} grados y latitud {latitude} grados"
    ),
    "region.mainshock": (
        "hasta {radius_km} km del sismo de magnitud {magnitude} en {latitude}, {longitude}"
    ),
}
