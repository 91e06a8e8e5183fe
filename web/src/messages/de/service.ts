/** German: what the service says, by the codes of its sentences. */

import type { service as English } from "../en/service";

export const service: typeof English = {
  general: {
    invalid_request: "Die Anfrage lässt sich so nicht beantworten.",
    unauthorized: "Sie sind nicht oder nicht mehr angemeldet.",
    forbidden: "Das dürfen Sie nicht.",
    not_found: "Das gibt es nicht.",
    method_not_allowed: "Das geht hier nicht.",
    conflict: "Inzwischen hat sich etwas geändert.",
    too_large: "Es wurde zu viel auf einmal gesendet.",
    unsupported_media_type: "Diese Art Datei oder Text wird nicht angenommen.",
    too_many_requests: "Zu viele Anfragen; warten Sie ein wenig.",
    internal_error: "Der Dienst hat versagt.",
    unavailable: "Der Dienst kann zurzeit nicht antworten.",
    http_error: "Der Dienst hat nicht wie erwartet geantwortet.",
  },
  sentences: {
    "service.starting": "startet",
    "service.stopping": "hält an",
    "service.store_away":
      "der Speicher antwortet zurzeit nicht, daher lässt sich dies weder zeigen noch festhalten; sobald er wieder da ist, läuft der Dienst von selbst weiter: Versuchen Sie es später noch einmal (/readyz und das Protokoll nennen den Grund)",
    "service.failed": "der Dienst hat versagt; sein Protokoll nennt den Grund",
    "access.sign_in":
      "melden Sie sich mit POST /api/v1/login an, oder senden Sie die Kopfzeile `Authorization: Bearer TOKEN` mit einem Token oder API-Schlüssel",
    "access.token": "ein Token wird verlangt: Senden Sie die Kopfzeile `Authorization: Bearer TOKEN`",
    "access.token_in_address": "ein Token wird verlangt: Öffnen Sie diese Adresse mit ?token=TOKEN am Ende",
    "access.wrong_password": "Name oder Passwort ist falsch, oder das Konto ist geschlossen",
    "access.permission":
      "dazu gehört die Berechtigung {permission}, die {who} nicht hat; fragen Sie einen Verwalter",
    "access.other_page": "Seiten von {origin} dürfen diesen Dienst nicht benutzen",
    "access.cookie": "ein Cookie allein ändert nichts; senden Sie Origin, wie Browser es tun",
    "request.too_large": "die Anfrage ist länger als {limit} Byte; senden Sie sie in mehreren Teilen",
    "request.too_many":
      "mehr als {per_minute} Anfragen in der Minute; versuchen Sie es in {wait_s} s noch einmal",
    "request.too_many_to_compute": "mehr als {per_minute} Anfragen in der Minute; warten Sie {wait_s} s",
    "request.too_many_tries": "zu viele Versuche; versuchen Sie es in {wait_s} s noch einmal",
    "request.too_busy": "{count} Anfragen werden bearbeitet oder warten schon; versuchen Sie es später",
    "request.missing": "{name} fehlt; geben Sie es an",
    "request.no_path": "{path} gibt es nicht; die Pfade stehen in /api/v1/openapi.json",
    "request.window":
      "von Anfang bis Ende sind es {length_s} s; es müssen mehr als 0 und höchstens {longest_s} s sein",
    "event.unknown": "ein Erdbeben {event_id} gibt es nicht; /api/v1/events führt die Erdbeben auf",
    "event.no_version":
      "eine Version {version} von {event_id} gibt es nicht; /api/v1/events führt die Erdbeben auf",
    "event.newer_version":
      "die Prüfung ging von Version {seen} aus, inzwischen ist Version {latest} die neueste; sehen Sie diese an und prüfen Sie sie",
    "review.accepted": "angenommen",
    "review.accepted_for": "angenommen: {comment}",
    "review.rejected": "verworfen",
    "review.rejected_for": "verworfen: {comment}",
    "review.relocated": "neu lokalisiert",
    "review.relocated_for": "neu lokalisiert: {comment}",
    "review.restored": "Version {version} wiederhergestellt",
    "review.restored_for": "Version {version} wiederhergestellt: {comment}",
    "event.cancelled": "das Erdbeben wurde zurückgezogen",
    "archive.nothing": "das Archiv enthält von {trace} nichts aus dieser Zeit",
    "replay.unknown": "eine Wiedergabe {replay_id} gibt es nicht; /api/v1/replays führt sie auf",
    "replay.full": "{count} Wiedergaben laufen, mehr sind nicht möglich; beenden Sie zuerst eine davon",
    "replay.needs_run":
      "Wiedergaben brauchen den Picker und die Lokalisierung eines laufenden Betriebs; starten Sie den Dienst mit `mainshock monitor`",
    "catalogue.unknown": "einen Katalog {catalogue_id} gibt es nicht; /api/v1/catalogues führt sie auf",
    "catalogue.full": "{count} Kataloge sind gespeichert, mehr sind nicht möglich; löschen Sie zuerst einen",
    "model.no_live_run":
      "Hier läuft kein Live-Betrieb, daher ist kein Modell in Gebrauch. Starten Sie `mainshock monitor`, oder wählen Sie für den nächsten Lauf mit `mainshock models promote NAME --data-dir DIR`.",
    "model.other_in_use":
      "{model} ist in Gebrauch, nicht {wanted}; sehen Sie es an und wählen Sie dann erneut",
    "forecast.no_live_run":
      "hier läuft kein Live-Betrieb, daher wird keine Prognose erstellt; starten Sie `mainshock monitor`",
    "forecast.none": "für das Gebiet gibt es keine Prognose: {reason}",
    "forecast.not_yet": "noch nicht",
    "forecast.withdrawn":
      "die Prognose ist zurückgezogen: Ihre neuesten Daten sind {age_h} h alt, mehr als {limit_h} h; sorgen Sie dafür, dass Daten eintreffen",
    "forecast.no_table":
      "Tabellen werden nach Magnitude 5 oder stärker erstellt und eine Zeit lang aufbewahrt",
    "shaking.no_magnitude": "das Erdbeben hat keine Magnitude",
    "shaking.no_map":
      "sie ist noch nicht erstellt, oder zu viele Erdbeben warteten, oder es liegt zu lange zurück",
    "segment.unknown":
      "ein Segment {index} von {region} gibt es nicht; /api/v1/megathrust/segments führt alle auf",
    "segment.no_relevance":
      "diese Installation enthält keine Relevanz der Segmente; installieren Sie das ganze Paket, oder erzeugen Sie sie mit recipes/megathrust/explain.py",
    "forecast.research": "Forschungsergebnis, keine amtliche Prognose.",
    "forecast.chances_alone":
      "Erdbeben lassen sich nicht vorhersagen; diese Zahlen sind Wahrscheinlichkeiten, und sie ändern sich, sobald neue Daten eintreffen.",
    "forecast.agency": "Quelle amtlicher Auskunft: {agency}.",
    "forecast.generic": "Als generisch bezeichnete Zahlen folgen aus Parametern anderer Gebiete.",
    "forecast.not_validated": "Das Modell wurde nicht für alle gezeigten Zeitfenster überprüft.",
    "forecast.synthetic": "Modell oder Daten sind synthetisch.",
    "forecast.retrospective": "Rückblickend: erstellt, nachdem das Zeitfenster begonnen hatte.",
    "shaking.not_for_design": "Nicht für die Bemessung von Bauwerken.",
    "shaking.synthetic_model":
      "Das Modell {model} wurde mit synthetischen Aufzeichnungen trainiert, nicht mit echten.",
    "shaking.extrapolated":
      "{share} % der Orte liegen außerhalb dessen, womit das Modell trainiert wurde; ihre Streuung ist vergrößert.",
    "shaking.no_model":
      "kein Modell der Erschütterung ist installiert; trainieren Sie eines mit `mainshock shake train`",
    "feed.packets_wait": "Pakete warten: {error}",
    "feed.refused":
      "die letzten {count} Pakete wurden abgewiesen und keines verwendet, wegen {kinds}; die Gründe liegen bei den abgewiesenen Nachrichten (dead letters)",
    "feed.shed":
      "{count} Pakete wurden seit dem Start verworfen, einige davon gerade eben: Sie kommen schneller, als sie bearbeitet werden können",
    "stage.ended": "Stufe {stage} hat geendet: {error}",
    "stage.waits": "Stufe {stage} wartet: {error}",
    "stage.fails": "Stufe {stage} versagt: {error}",
    "housekeeping.catalogue": "der Katalog wird nicht auf dem neuesten Stand gehalten: {error}",
    "model.unusable": "{model} wurde gewählt und lässt sich nicht verwenden: {error}",
    "forecast.no_model": "kein Prognosemodell ist gesetzt; nennen Sie seinen Ordner mit --forecast-model",
    "forecast.being_made": "die Prognose wird gerade erstellt; fragen Sie in einer Minute noch einmal",
    "change.settled": "abgeschlossen",
    "change.late_records": "verspätete Aufzeichnungen",
    "change.one_pick_more": "1 Einsatz mehr",
    "change.picks_more": "{count} Einsätze mehr",
    "change.one_pick_fewer": "1 Einsatz weniger",
    "change.picks_fewer": "{count} Einsätze weniger",
    "change.moved": "um {distance_km} km verschoben",
    "change.picks_taken": "verspätete Aufzeichnungen geben seine Einsätze einem anderen Erdbeben",
    "change.not_supported": "alle Einsätze zusammen stützen es nicht",
    "change.picks_withdrawn": "die meisten seiner Einsätze sind zurückgezogen",
    "magnitude.response_unknown":
      "keine: Die Übertragungsfunktion der Messgeräte ist nicht bekannt, und Zählwerte (counts) allein ergeben keine Magnitude",
    "magnitude.response_at_none":
      "keine: An keiner von {count} Stationen ist die Übertragungsfunktion bekannt",
    "magnitude.no_station": "keine: Keine von {count} Stationen ergab eine Magnitude",
    "magnitude.place_unknown":
      "{station}: Die Koordinaten sind nicht bekannt, daher auch die Entfernung nicht",
    "forecast.world_average": "Langfristige Anzahlen sind die eines durchschnittlichen Ortes auf der Erde.",
    "forecast.unknown_stretch":
      "Das Modell kennt kein Erdbeben zwischen {first} und {last}; Nachbeben dessen, was damals geschah, fehlen darin.",
    "forecast.at_bound":
      "{name} blieb an einer Grenze der Suche stehen ({value}); der Wert ist nicht bestimmt",
    "forecast.not_converged":
      "die Optimierung ist nicht konvergiert; Parameter und Fehler sind nicht vertrauenswürdig",
    "forecast.chosen_pairs": "die Log-Likelihood folgt aus ausgewählten Paaren, die für alle stehen",
    "forecast.endless": "Verzweigungsverhältnis {ratio}: Sequenzen enden nie, Simulationen werden verweigert",
    "forecast.elongated":
      "Intensitäten folgen den Bruchflächen großer Erdbeben; simulierte Kataloge und Live-Gitter legen deren Nachbeben um die Epizentren",
    "forecast.below_completeness":
      "Magnitude {magnitude} liegt unter {mc}, ab der der Katalog des Modells vollständig ist; fragen Sie nach {mc} oder mehr, oder passen Sie ein Modell mit kleinerem --mc an",
    "forecast.above_largest":
      "Magnitude {magnitude} liegt nicht unter {m_max}, der größten des Modells; fragen Sie nach einer kleineren",
    "forecast.too_long":
      "ein Zeitfenster von {days} Tagen ist länger als {limit} Tage, bis zu denen dieses Modell überprüft wurde; fragen Sie nach einem kürzeren, oder testen Sie das Modell mit `forecast evaluate --tests --days {days} --record`",
    "forecast.too_long_untested":
      "ein Zeitfenster von {days} Tagen ist länger als {limit} Tage, bis zu denen dieses Modell ohne Überprüfung verwendet werden darf; fragen Sie nach einem kürzeren, oder testen Sie das Modell mit `forecast evaluate --tests --days {days} --record`",
    "region.box": "das Gebiet von {west} bis {east} Grad Länge und {south} bis {north} Grad Breite",
    "region.circle": "das Gebiet bis {radius_km} km um {longitude} Grad Länge, {latitude} Grad Breite",
    "region.mainshock":
      "das Gebiet bis {radius_km} km um das Erdbeben der Magnitude {magnitude} bei {latitude}, {longitude}",
    "segment.potential": "Einstufung des Potenzials aus etwa 33 unabhängigen großen Brüchen; keine Prognose.",
    "segment.not_when": "Sie sagt nichts darüber, wann ein Segment bricht, und wenig darüber, ob es bricht.",
    "segment.century":
      "Der Katalog umfasst wenig mehr als ein Jahrhundert: „kein großes Erdbeben“ heißt, dass bisher keines gesehen wurde.",
    "segment.location":
      "Die Güte nahe bekannten Brüchen beruht meist auf der Lage: Nachbarn teilen einen Bruch und ein Gebiet.",
    "segment.held_out":
      "Jedes Segment wurde von einem Klassifikator bewertet, der weder seinen Bruch noch etwas im Umkreis von 100 km gelernt hatte.",
    "segment.no_left_out":
      "Die Güte dieses Modells bei Auslassen je eines Gebietes ist nicht angegeben. Mit den veröffentlichten Tabellen war dort nichts besser als der Zufall: Makro-F1 0.40 (95-%-Intervall 0.31 bis 0.51).",
    "segment.left_out_both":
      "Güte von {model} bei Auslassen je eines Gebietes, {classes} Klassen: Makro-F1 {score}, AUC innerhalb der Gebiete {auc}, gegenüber Makro-F1 {prior} der Vorannahme je Gebiet.",
    "segment.left_out_auc":
      "Güte von {model} bei Auslassen je eines Gebietes, {classes} Klassen: Makro-F1 {score}, AUC innerhalb der Gebiete {auc}.",
    "segment.left_out_prior":
      "Güte von {model} bei Auslassen je eines Gebietes, {classes} Klassen: Makro-F1 {score}, gegenüber Makro-F1 {prior} der Vorannahme je Gebiet.",
    "segment.left_out":
      "Güte von {model} bei Auslassen je eines Gebietes, {classes} Klassen: Makro-F1 {score}.",
    "segment.other_networks":
      "Die erklärten Netze sind nicht der Klassifikator, der die Wahrscheinlichkeit angibt und auch nach Nachbarn entlang des Grabens geht; sie sehen dieselben Merkmale, aber nicht den Ort.",
    "segment.taught_nothing_near":
      "Sie lernten nichts aus weniger als {exclusion_km} km Entfernung vom Segment; längere Brüche können sie gelernt haben.",
    "segment.no_better_than_place":
      "Makro-F1 an zurückgehaltenen Segmenten: {own}; allein aus dem Ort {others}. Die Netze sind nicht besser als der Ort allein, und ihre Gründe nicht besser als sie.",
    "segment.better_than_place":
      "Makro-F1 an zurückgehaltenen Segmenten: {own}; allein aus dem Ort {others}. Die Netze sind besser als der Ort allein.",
    "segment.stability":
      "Die Rangfolge über alle Segmente stimmt zwischen den Teilungen mit einer Rangkorrelation von {correlation} überein; {told} von {features} Merkmalen unterscheiden sich von erfundenen, die entlang des Grabens ebenso glatt sind.",
    "segment.not_causes":
      "Zuschreibungen sagen, wonach der Klassifikator geht, nicht, was Erdbeben groß macht.",
    "segment.correlated":
      "Merkmale steigen und fallen gemeinsam und sind entlang des Grabens glatt: Lesen Sie eine Rangfolge mit ihrer Stabilität, den synthetischen Merkmalen und den Gruppen korrelierter Merkmale.",
    "segment.shared_training":
      "Intervalle und Stabilität gelten über Teilungen, die das meiste ihres Trainings gemeinsam haben: Unabhängige Daten stimmten weniger überein.",
    "segment.not_explained": "{segment} gehört nicht zu den erklärten Segmenten",
    "segment.near_is_not_on": "Nähe sagt nicht, dass das Erdbeben auf der Plattengrenzfläche liegt.",
    "fault.from_shape":
      "Allein aus der Form kartierter Spuren von einem Modell von Experimenten geschätzt: nicht gemessen.",
    "fault.steady_slip":
      "Es ist die Effizienz stetigen Gleitens wie in Tonexperimenten; ein einzelnes Erdbeben kann abweichen.",
    "fault.mapping":
      "Spuren, die fehlen oder genauer kartiert sind als anderswo, ändern sie; der Maßstab ebenso.",
    "fault.short_traces": "{count} Spuren mit weniger als zwei Orten wurden weggelassen",
    "fault.other_kinds": "{count} vom Typ {kind} weggelassen",
    "fault.doubtful_strike":
      "die Hauptspuren sind nur {elongation}-mal so lang wie breit: Ihr Streichen ist zweifelhaft; kennzeichnen Sie die Hauptspur durch die Eigenschaft `kind`",
    "fault.empty_windows": "{count} Fenster ohne Spur wurden weggelassen",
    "fault.no_fault": "{count} Fenster enthalten keine Störung und haben keine Effizienz: {which}",
    "fault.left_out_scales":
      "{count} von {all} Maßstäben wurden weggelassen: Die Störung ist nur {length} Fenster lang, daher ist das Band zu schmal",
    "fault.not_geojson": "dies ist kein GeoJSON-Objekt; geben Sie eine FeatureCollection von LineStrings",
    "fault.no_trace":
      "keine Störungsspur gefunden; geben Sie Objekte vom Typ LineString oder MultiLineString",
    "fault.only_other_kinds":
      "keine Störungsspur gefunden ({notes}); geben Sie Objekte vom Typ LineString oder MultiLineString",
    "fault.no_window":
      "keines von {count} Fenstern entlang der Hauptspuren enthält eine Spur; prüfen Sie die Einheiten",
  },
};
