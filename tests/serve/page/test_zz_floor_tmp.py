import os,sys
sys.path.insert(0,'/work/main/tests/serve/page')
import test_map
from test_map import *
def test_floor(service, visit):
    n = int(os.environ.get("N_EVENTS","0"))
    watched = visit(service, "/#/stations")
    page = watched.page
    if n:
        test_map.N_SYNTHETIC = n
        stub_events(page)
    page.goto(f"{service.url}/#/map")
    expect(shown(page)).to_have_attribute("data-shown", re.compile(r"^500\d\d$|^2$"), timeout=120_000)
    page.locator(f"{IDLE_MAP}").wait_for()
    page.get_by_role("button", name="Show all").click()
    if not n:
        for _ in range(12):
            page.get_by_role("button", name="Zoom out").click(); page.wait_for_timeout(350)
    page.wait_for_timeout(3000)
    if os.environ.get("PROBE"):
        page.evaluate(os.environ["PROBE"])
    session = page.context.new_cdp_session(page)
    for act in (pan_the_map, zoom_the_map, move_the_slider):
        m0={m["name"]:m["value"] for m in session.send("Performance.enable") or session.send("Performance.getMetrics")["metrics"]}
        told = watched_while(page, act)
        m1={m["name"]:m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        t=np.array(told["tasks"] or [0])
        print(fluency_text(act.__name__, told), "pct50/90", np.percentile(t,[50,90]).round(), {k: round(m1[k]-m0.get(k,0),2) for k in ("ScriptDuration","TaskDuration","LayoutDuration","RecalcStyleDuration")})
