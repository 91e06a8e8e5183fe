/** Spanish: what the service says, by the codes of its sentences. */

import type { service as English } from "../en/service";

export const service: typeof English = {
  general: {
    invalid_request: "La petición no se puede responder tal como está.",
    unauthorized: "No ha iniciado sesión, o la sesión ha terminado.",
    forbidden: "No tiene permiso para esto.",
    not_found: "Eso no existe.",
    method_not_allowed: "Aquí no se puede hacer eso.",
    conflict: "Algo ha cambiado mientras tanto.",
    too_large: "Se envió demasiado de una vez.",
    unsupported_media_type: "No se admite este tipo de archivo o texto.",
    too_many_requests: "Demasiadas peticiones; espere un poco.",
    internal_error: "El servicio ha fallado.",
    unavailable: "El servicio no puede responder por ahora.",
    http_error: "El servicio no respondió como se esperaba.",
  },
  sentences: {
    "service.starting": "está arrancando",
    "service.stopping": "se está deteniendo",
    "service.store_away":
      "el almacén no responde por ahora, así que esto no se puede mostrar ni guardar; el servicio sigue por sí solo en cuanto vuelva: inténtelo más tarde (/readyz y el registro indican el motivo)",
    "service.failed": "el servicio ha fallado; su registro indica el motivo",
    "access.sign_in":
      "inicie sesión con POST /api/v1/login, o envíe la cabecera `Authorization: Bearer TOKEN` con un token o una clave de API",
    "access.token": "hace falta un token: envíe la cabecera `Authorization: Bearer TOKEN`",
    "access.token_in_address": "hace falta un token: abra esta dirección con ?token=TOKEN al final",
    "access.wrong_password": "el nombre o la contraseña no son correctos, o la cuenta está cerrada",
    "access.permission":
      "para esto hace falta el permiso {permission}, que {who} no tiene; pídalo a un administrador",
    "access.other_page": "las páginas de {origin} no pueden usar este servicio",
    "access.cookie": "una cookie sola no cambia nada; envíe Origin, como hacen los navegadores",
    "request.too_large": "la petición tiene más de {limit} bytes; envíela en varias partes",
    "request.too_many": "más de {per_minute} peticiones por minuto; vuelva a intentarlo en {wait_s} s",
    "request.too_many_to_compute": "más de {per_minute} peticiones por minuto; espere {wait_s} s",
    "request.too_many_tries": "demasiados intentos; vuelva a intentarlo en {wait_s} s",
    "request.too_busy": "{count} peticiones están en curso o en espera; inténtelo más tarde",
    "request.missing": "falta {name}; indíquelo",
    "request.no_path": "no existe {path}; las rutas están en /api/v1/openapi.json",
    "request.window": "del inicio al fin hay {length_s} s; deben ser más de 0 y como máximo {longest_s} s",
    "event.unknown": "no existe el sismo {event_id}; /api/v1/events enumera los sismos",
    "event.no_version": "no existe la versión {version} de {event_id}; /api/v1/events enumera los sismos",
    "event.newer_version":
      "la revisión partió de la versión {seen}, pero la más reciente ya es la {latest}; véala y revísela",
    "review.accepted": "aceptado",
    "review.accepted_for": "aceptado: {comment}",
    "review.rejected": "rechazado",
    "review.rejected_for": "rechazado: {comment}",
    "review.relocated": "localizado de nuevo",
    "review.relocated_for": "localizado de nuevo: {comment}",
    "review.restored": "restaurada la versión {version}",
    "review.restored_for": "restaurada la versión {version}: {comment}",
    "event.cancelled": "el sismo fue retirado",
    "archive.nothing": "el archivo no contiene nada de {trace} en este tiempo",
    "replay.unknown": "no existe la reproducción {replay_id}; /api/v1/replays las enumera",
    "replay.full": "hay {count} reproducciones en marcha, que es el límite; detenga antes una de ellas",
    "replay.needs_run":
      "las reproducciones necesitan el detector de fases y el localizador de una ejecución en directo; inicie el servicio con `mainshock monitor`",
    "catalogue.unknown": "no existe el catálogo {catalogue_id}; /api/v1/catalogues los enumera",
    "catalogue.full": "hay {count} catálogos guardados, que es el límite; borre antes uno",
    "model.no_live_run":
      "Aquí no hay nada en directo, así que ningún modelo está en uso. Inicie `mainshock monitor`, o elija para la próxima ejecución con `mainshock models promote NAME --data-dir DIR`.",
    "model.other_in_use": "{model} está en uso, no {wanted}; véalo y elija de nuevo",
    "forecast.no_live_run":
      "aquí no hay nada en directo, así que no se hace ningún pronóstico; inicie `mainshock monitor`",
    "forecast.none": "no hay pronóstico de la región: {reason}",
    "forecast.not_yet": "todavía no",
    "forecast.withdrawn":
      "el pronóstico está retirado: sus datos más recientes tienen {age_h} h, más de {limit_h} h; compruebe que lleguen datos",
    "forecast.no_table": "las tablas se hacen tras magnitud 5 o mayor y se guardan un tiempo",
    "shaking.no_magnitude": "el sismo no tiene magnitud",
    "shaking.no_map": "aún no está hecho, o había demasiados sismos en espera, o es demasiado antiguo",
    "segment.unknown":
      "no existe el segmento {index} de {region}; /api/v1/megathrust/segments los enumera todos",
    "segment.no_relevance":
      "esta instalación no contiene la relevancia de los segmentos; instale el paquete completo, o créela con recipes/megathrust/explain.py",
    "forecast.research": "Resultado de investigación, no un pronóstico oficial.",
    "forecast.chances_alone":
      "Los sismos no se pueden predecir; estos números son probabilidades, y cambian a medida que llegan datos nuevos.",
    "forecast.agency": "Fuente de información oficial: {agency}.",
    "forecast.generic": "Los números marcados como genéricos proceden de parámetros de otras regiones.",
    "forecast.not_validated": "El modelo no se validó para todas las ventanas mostradas.",
    "forecast.synthetic": "El modelo o los datos son sintéticos.",
    "forecast.retrospective": "Retrospectivo: hecho después de que empezara su ventana.",
    "shaking.not_for_design": "No apto para el diseño de estructuras.",
    "shaking.synthetic_model": "El modelo {model} se entrenó con registros sintéticos, no con reales.",
    "shaking.extrapolated":
      "El {share} % de los sitios queda fuera de aquello con lo que se entrenó el modelo; su dispersión está ampliada.",
    "shaking.no_model": "no hay ningún modelo de sacudida instalado; entrene uno con `mainshock shake train`",
    "feed.packets_wait": "hay paquetes en espera: {error}",
    "feed.refused":
      "los últimos {count} paquetes se rechazaron y no se usó ninguno, por {kinds}; los motivos están entre los mensajes rechazados (dead letters)",
    "feed.shed":
      "se han descartado {count} paquetes desde el inicio, algunos ahora mismo: llegan más rápido de lo que se pueden procesar",
    "stage.ended": "la etapa {stage} ha terminado: {error}",
    "stage.waits": "la etapa {stage} espera: {error}",
    "stage.fails": "la etapa {stage} falla: {error}",
    "housekeeping.catalogue": "el catálogo no se mantiene al día: {error}",
    "model.unusable": "se eligió {model} y no se puede usar: {error}",
    "forecast.no_model":
      "no se ha indicado ningún modelo de pronóstico; indique su carpeta con --forecast-model",
    "forecast.being_made": "el pronóstico se está haciendo; pregunte de nuevo en un minuto",
    "change.settled": "cerrado",
    "change.late_records": "registros tardíos",
    "change.one_pick_more": "1 lectura más",
    "change.picks_more": "{count} lecturas más",
    "change.one_pick_fewer": "1 lectura menos",
    "change.picks_fewer": "{count} lecturas menos",
    "change.moved": "desplazado {distance_km} km",
    "change.picks_taken": "los registros tardíos dan sus lecturas a otro sismo",
    "change.not_supported": "el conjunto de las lecturas no lo sustenta",
    "change.picks_withdrawn": "la mayoría de sus lecturas se han retirado",
    "magnitude.response_unknown":
      "ninguna: no se conoce la respuesta instrumental, y las cuentas por sí solas no dan magnitud",
    "magnitude.response_at_none":
      "ninguna: no se conoce la respuesta instrumental de ninguna de {count} estaciones",
    "magnitude.no_station": "ninguna: ninguna de {count} estaciones dio una magnitud",
    "magnitude.place_unknown": "{station}: no se conocen sus coordenadas, y por tanto tampoco su distancia",
    "forecast.world_average": "Los números a largo plazo son los de un lugar medio de la Tierra.",
    "forecast.unknown_stretch":
      "No conoce ningún sismo entre {first} y {last}; faltan en él las réplicas de lo que ocurrió entonces.",
    "forecast.at_bound": "{name} se detuvo en un límite de la búsqueda ({value}); no está determinado",
    "forecast.not_converged":
      "la optimización no convergió; no se debe confiar en los parámetros ni en los errores",
    "forecast.chosen_pairs": "la log-verosimilitud procede de pares elegidos, que representan a todos",
    "forecast.endless":
      "razón de ramificación {ratio}: las secuencias no terminan nunca, las simulaciones se rechazan",
    "forecast.elongated":
      "las intensidades siguen las rupturas de los grandes sismos; los catálogos simulados y las mallas en directo sitúan sus réplicas alrededor de los epicentros",
    "forecast.below_completeness":
      "la magnitud {magnitude} está por debajo de {mc}, a partir de la cual el catálogo del modelo es completo; pida {mc} o más, o ajuste un modelo con un --mc menor",
    "forecast.above_largest":
      "la magnitud {magnitude} no está por debajo de {m_max}, la mayor del modelo; pida una menor",
    "forecast.too_long":
      "una ventana de {days} días es más larga que {limit} días, hasta los que se validó este modelo; pida una más corta, o pruebe el modelo con `forecast evaluate --tests --days {days} --record`",
    "forecast.too_long_untested":
      "una ventana de {days} días es más larga que {limit} días, hasta los que este modelo se puede usar sin validación; pida una más corta, o pruebe el modelo con `forecast evaluate --tests --days {days} --record`",
    "region.box": "la zona de {west} a {east} grados de longitud y de {south} a {north} grados de latitud",
    "region.circle": "la zona hasta {radius_km} km de la longitud {longitude} y la latitud {latitude}",
    "region.mainshock":
      "la zona hasta {radius_km} km del sismo de magnitud {magnitude} en {latitude}, {longitude}",
    "segment.potential":
      "Clasificación del potencial a partir de unas 33 grandes rupturas independientes; no es un pronóstico.",
    "segment.not_when": "No dice nada de cuándo romperá un segmento, y poco de si lo hará.",
    "segment.century":
      "El catálogo abarca poco más de un siglo: «ningún gran sismo» significa que no se ha visto ninguno todavía.",
    "segment.location":
      "El acierto cerca de rupturas conocidas se debe sobre todo a la ubicación: los vecinos comparten una ruptura y una región.",
    "segment.held_out":
      "Cada segmento fue evaluado por un clasificador que no aprendió ni de su ruptura ni de nada a menos de 100 km de él.",
    "segment.no_left_out":
      "No consta el acierto de este modelo al excluir cada región. Con las tablas publicadas nada de lo probado superó allí al azar: macro-F1 0.40 (intervalo del 95 %: de 0.31 a 0.51).",
    "segment.left_out_both":
      "Acierto de {model} al excluir cada región, {classes} clases: macro-F1 {score}, AUC dentro de las regiones {auc}, frente a macro-F1 {prior} de la probabilidad previa por región.",
    "segment.left_out_auc":
      "Acierto de {model} al excluir cada región, {classes} clases: macro-F1 {score}, AUC dentro de las regiones {auc}.",
    "segment.left_out_prior":
      "Acierto de {model} al excluir cada región, {classes} clases: macro-F1 {score}, frente a macro-F1 {prior} de la probabilidad previa por región.",
    "segment.left_out": "Acierto de {model} al excluir cada región, {classes} clases: macro-F1 {score}.",
    "segment.other_networks":
      "Las redes que se explican no son el clasificador que da la probabilidad, que también se guía por los vecinos a lo largo de la fosa; ven los mismos atributos, pero no el lugar.",
    "segment.taught_nothing_near":
      "No aprendieron de nada a menos de {exclusion_km} km del segmento; pueden haber aprendido de rupturas más largas.",
    "segment.no_better_than_place":
      "Macro-F1 en segmentos reservados: {own}; conociendo solo el lugar {others}. Las redes no son mejores que el lugar por sí solo, ni sus razones mejores que ellas.",
    "segment.better_than_place":
      "Macro-F1 en segmentos reservados: {own}; conociendo solo el lugar {others}. Las redes son mejores que el lugar por sí solo.",
    "segment.stability":
      "El orden sobre todos los segmentos coincide entre particiones con una correlación de rangos de {correlation}; {told} de {features} atributos se distinguen de otros inventados igual de suaves a lo largo de la fosa.",
    "segment.not_causes":
      "Las atribuciones dicen en qué se basa el clasificador, no qué hace grandes a los sismos.",
    "segment.correlated":
      "Los atributos suben y bajan juntos y son suaves a lo largo de la fosa: lea un orden junto con su estabilidad, sus atributos sintéticos y los conjuntos de atributos correlacionados.",
    "segment.shared_training":
      "Los intervalos y la estabilidad son sobre particiones que comparten la mayor parte de su entrenamiento: con datos independientes coincidirían menos.",
    "segment.not_explained": "{segment} no está entre los segmentos explicados",
    "segment.near_is_not_on": "La cercanía no dice que el sismo esté en la interfaz de placas.",
    "fault.from_shape":
      "Estimado solo a partir de la forma de las trazas cartografiadas, con un modelo de experimentos: no medido.",
    "fault.steady_slip":
      "Es la eficiencia del deslizamiento estable, como en experimentos con arcilla; un sismo concreto puede diferir.",
    "fault.mapping":
      "Las trazas que faltan, o cartografiadas con más detalle que en otros lugares, la cambian; la escala también.",
    "fault.short_traces": "se omitieron {count} trazas con menos de dos puntos",
    "fault.other_kinds": "se omitieron {count} de tipo {kind}",
    "fault.doubtful_strike":
      "las trazas principales son solo {elongation} veces más largas que anchas: su rumbo es dudoso; marque la traza principal con la propiedad `kind`",
    "fault.empty_windows": "se omitieron {count} ventanas sin ninguna traza",
    "fault.no_fault": "{count} ventanas no contienen ninguna falla y no tienen eficiencia: {which}",
    "fault.left_out_scales":
      "se omitieron {count} de {all} escalas: la falla mide solo {length} ventanas de largo, así que la banda es demasiado estrecha",
    "fault.not_geojson": "esto no es un objeto GeoJSON; envíe una FeatureCollection de LineStrings",
    "fault.no_trace":
      "no se encontró ninguna traza de falla; envíe objetos de tipo LineString o MultiLineString",
    "fault.only_other_kinds":
      "no se encontró ninguna traza de falla ({notes}); envíe objetos de tipo LineString o MultiLineString",
    "fault.no_window":
      "ninguna de {count} ventanas a lo largo de las trazas principales contiene una traza; compruebe las unidades",
  },
};
