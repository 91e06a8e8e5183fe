"""Small files in each form, all of the same three earthquakes and one quarry blast."""

FDSN = """\
#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|MagAuthor|EventLocationName|EventType
11|2012-05-20T02:03:50.170000|44.8955|11.2635|9.5|SURVEY|||11|Mw|5.8|--|Finale Emilia|earthquake
12|2012-05-20T02:06:26.9|44.8758|11.2583|8.0|SURVEY|||12|ML|4.8|--|Emilia|
13|2012-05-20T03:02:47|44.86|11.0950|10.0|SURVEY|||13|ML|4.9|--|Emilia|earthquake
14|2012-05-21T09:00:00|44.5|11.5|0.0|SURVEY|||14|ML|2.1|--|a quarry|quarry blast
"""

_COMCAT_ROWS = (
    ("2012-05-21T09:00:00.000Z,44.5,11.5,0,2.1,ml", "us14,2012-06-01", "quarry blast"),
    ("2012-05-20T03:02:47.000Z,44.86,11.095,10,4.9,ml", "us13,2012-06-02", "earthquake"),
    ("2012-05-20T02:06:26.900Z,44.8758,11.2583,8,4.8,ml", "us12,2012-06-03", "earthquake"),
    ("2012-05-20T02:03:50.170Z,44.8955,11.2635,9.5,5.8,mww", "us11,2014-01-01", "earthquake"),
)
COMCAT = (
    "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,"
    "horizontalError,depthError,magError,magNst,status,locationSource,magSource\n"
) + "".join(
    f'{place},10,80,0.1,0.3,us,{known}T12:00:00.000Z,"Emilia, Italy",{kind},,,,,reviewed,us,us\n'
    for place, known, kind in _COMCAT_ROWS
)

ZMAP = """\
11.2635 44.8955 2012.38274 5 20 5.8 9.5 2 3 50.17
11.2583 44.8758 2012.38274 5 20 4.8 8.0 2 6 26.9
11.0950 44.8600 2012.38285 5 20 4.9 10.0 3 2 47
"""

CSEP = """\
lon,lat,mag,time_string,depth,catalog_id,event_id
11.2635,44.8955,5.8,2012-05-20T02:03:50.170000,9.5,0,a
11.2583,44.8758,4.8,2012-05-20T02:06:26.900000,8.0,0,b
11.0950,44.86,4.9,2012-05-20T03:02:47,10.0,0,c
"""

CSV = """\
event_id,time,longitude,latitude,depth_km,magnitude
11,2012-05-20T02:03:50.17Z,11.2635,44.8955,9.5,5.8
12,2012-05-20T02:06:26.9Z,11.2583,44.8758,8.0,4.8
13,2012-05-20T03:02:47Z,11.095,44.86,10.0,4.9
"""

NDK = """\
PDEW 2012/05/20 02:03:50.2  44.90   11.26   9.5 5.9 5.8 NORTHERN ITALY
C201205200203A   B: 88  166  40 S: 96  189  50 M: 41   52 125 CMT: 1 TRIHD:  1.8
CENTROID:      5.0 0.1  44.88 0.01   11.20 0.01  12.0  0.4 FREE S-20120820112355
24  4.180 0.069 -1.700 0.046 -2.480 0.060 -1.050 0.052 -2.410 0.075 -2.280 0.038
V10   4.975 73 100   0.120  8 216  -5.095 15 308   5.035  49 30  106 211 61   81
PDEW 2012/05/20 02:03:60.0  44.90   11.26   9.5 5.9 5.8 NORTHERN ITALY
C201205200204A   B: 88  166  40 S: 96  189  50 M: 41   52 125 CMT: 1 TRIHD:  1.8
CENTROID:      0.0 0.1  44.88 0.01   11.20 0.01  12.0  0.4 FREE O-00000000000000
25  4.180 0.069 -1.700 0.046 -2.480 0.060 -1.050 0.052 -2.410 0.075 -2.280 0.038
V10   4.975 73 100   0.120  8 216  -5.095 15 308   5.035  49 30  106 211 61   81
"""

QUAKEML = """\
<?xml version="1.0" encoding="UTF-8"?>
<q:quakeml xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:q="http://quakeml.org/xmlns/quakeml/1.2">
<eventParameters publicID="smi:here/all">
<event publicID="smi:here/fdsnws/event/1/query?eventId=11">
  <type>earthquake</type>
  <description><text>Finale Emilia</text><type>region name</type></description>
  <origin publicID="o1"><time><value>2012-05-20T02:03:00Z</value></time>
    <latitude><value>44</value></latitude><longitude><value>11</value></longitude></origin>
  <origin publicID="o2"><time><value>2012-05-20T02:03:50.17Z</value></time>
    <latitude><value>44.8955</value></latitude><longitude><value>11.2635</value></longitude>
    <depth><value>9500</value></depth>
    <creationInfo><creationTime>2012-05-20T03:00:00Z</creationTime></creationInfo></origin>
  <magnitude publicID="m1"><mag><value>5.9</value><uncertainty>0.2</uncertainty></mag>
    <type>ML</type><creationInfo><agencyID>INGV</agencyID></creationInfo></magnitude>
  <magnitude publicID="m2"><mag><value>5.8</value></mag><type>Mwc</type>
    <creationInfo><creationTime>2012-05-20T06:00:00Z</creationTime></creationInfo></magnitude>
  <preferredOriginID>o2</preferredOriginID><preferredMagnitudeID>m2</preferredMagnitudeID>
</event>
<event publicID="smi:here/fdsnws/event/1/query?eventId=12">
  <origin publicID="o3"><time><value>2012-05-20T02:06:26.9Z</value></time>
    <latitude><value>44.8758</value></latitude><longitude><value>11.2583</value></longitude>
    <depth><value>8000</value></depth></origin>
  <magnitude publicID="m3"><mag><value>4.7</value></mag><type>md</type></magnitude>
  <magnitude publicID="m4"><mag><value>4.8</value></mag><type>ML</type></magnitude>
</event>
<event publicID="smi:here/fdsnws/event/1/query?eventId=13">
  <type>earthquake</type>
  <origin publicID="o4"><time><value>2012-05-20T03:02:47Z</value></time>
    <latitude><value>44.86</value></latitude><longitude><value>11.095</value></longitude>
    <depth><value>10000</value></depth></origin>
  <magnitude publicID="m5"><mag><value>4.9</value></mag><type>ML</type></magnitude>
</event>
<event publicID="smi:here/fdsnws/event/1/query?eventId=14">
  <type>quarry blast</type>
  <origin publicID="o5"><time><value>2012-05-21T09:00:00Z</value></time>
    <latitude><value>44.5</value></latitude><longitude><value>11.5</value></longitude></origin>
  <magnitude publicID="m6"><mag><value>2.1</value></mag><type>ML</type></magnitude>
</event>
</eventParameters>
</q:quakeml>
"""

SAMPLES = {
    "comcat": COMCAT,
    "csep": CSEP,
    "csv": CSV,
    "fdsn-text": FDSN,
    "ndk": NDK,
    "quakeml": QUAKEML,
    "zmap": ZMAP,
}
"""Text of a file by the name of its form; Parquet is written by the tests."""
