// The maps of a plan: outline and township names, and on them the pairs as lines, families left out as rings
// and room as dots; or a mark in each township where one more volunteer would help.
"use strict";
(() => {
  const box = document.getElementById("map");
  if (!box || !window.L) return;
  const said = box.dataset;
  const WAY = ["way", "◆"];
  const BESIDE = { bottom: [0, 8], top: [0, -8], right: [8, 0], left: [-8, 0] };
  const RIM = 16;
  // Leaflet takes texts for markup: whatever it is handed goes through here.
  const plain = (text) => Object.assign(document.createElement("span"), { textContent: text });
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const open = (path, layer) => {
    for (const other of box.querySelectorAll(".chosen")) other.classList.remove("chosen");
    layer.getElement()?.classList.add("chosen");
    htmx.ajax("GET", `${said.path}/${path}`, { source: layer.getElement(), target: "#side", swap: "innerHTML" });
  };

  // One tab stop for everything that is drawn; the arrow keys go from place to place, Enter opens.
  const places = [];
  const reachable = (layer, text, path) => {
    layer.bindTooltip(plain(text), { className: "what", direction: "top", sticky: true });
    layer.on("click", () => open(path, layer));
    layer.on("add", () => {
      const element = layer.getElement();
      element.setAttribute("role", "button");
      element.setAttribute("aria-label", text);
      element.setAttribute("tabindex", places.length ? "-1" : "0");
      element.addEventListener("keydown", (event) => pressed(event, layer, path));
      places.push(layer);
    });
    return layer;
  };
  const pressed = (event, layer, path) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") open(path, layer);
    else if (step) {
      const next = places[(places.indexOf(layer) + step + places.length) % places.length];
      layer.getElement().setAttribute("tabindex", "-1");
      layer.closeTooltip();
      next.getElement().setAttribute("tabindex", "0");
      next.getElement().focus();
      next.openTooltip();
      next._map.panInside(next.getLatLng(), { padding: [40, 40], animate: false });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const drawPairs = (map, data) => {
    const point = (code) => data.villages[code]?.slice(1);
    const name = (code) => data.villages[code]?.[0];
    for (const [home, helper, n] of data.lines) {
      if (home === helper || !point(home) || !point(helper)) continue;
      const line = L.polyline([point(home), point(helper)], { className: "pairs-line", weight: Math.min(1 + Math.log2(n), 4) });
      line.bindTooltip(plain(fill(said.line, { home: name(home), helper: name(helper), n })), { className: "what", sticky: true });
      line.on("click", () => open(`between/${home}/${helper}`, line)).addTo(map);
      // Its tooltip listens for the focus, and that alone makes a tab stop of each of a thousand lines.
      line.getElement().setAttribute("tabindex", "-1");
    }
    for (const [village, ...counts] of data.left_out) {
      if (!point(village)) continue;
      const n = counts.reduce((sum, count) => sum + count, 0);
      const parts = data.colours.map(([, symbol, called], at) => counts[at] && `${symbol} ${called} ${counts[at]}`).filter(Boolean);
      const text = `${fill(said.ring, { village: name(village), n })} (${parts.join(", ")})`;
      const [worst] = data.colours[counts.findIndex(Boolean)];
      const ring = L.circleMarker(point(village), { className: `ring ${worst}`, radius: 2 + 1.6 * Math.sqrt(n) });
      reachable(ring, text, `village/${village}`).addTo(map);
    }
    for (const [village, , free] of data.room) {
      if (!point(village)) continue;
      const dot = L.circleMarker(point(village), { className: "dot", radius: 1 + 1.2 * Math.sqrt(free) });
      reachable(dot, fill(said.dot, { village: name(village), n: free }), `village/${village}`).addTo(map);
    }
  };

  // The best comes first and is the largest; it lies on top, and the Tab key reaches it first.
  const drawNewcomers = (map, data) => {
    const asked = new URLSearchParams(said.query);
    const chosen = asked.get("township");
    const count = data.newcomers.length;
    data.newcomers.forEach(([code, rank, text], at) => {
      const [gain, symbol] = data.colours[rank ?? -1] ?? WAY;
      const icon = L.divIcon({ className: `gain ${gain}`, html: plain(symbol), iconSize: [26, 26] });
      const mark = L.marker(data.townships[code].slice(1), { icon, keyboard: false, zIndexOffset: 1000 * (count - at) });
      asked.set("township", code);
      reachable(mark, text, `recruit?${asked}`).addTo(map);
      mark.getElement().style.fontSize = `${26 - 12 * (at / count)}px`;
      mark.getElement().classList.toggle("chosen", code === chosen);
    });
  };

  const draw = (data) => {
    const map = L.map(box, { zoomControl: false, zoomSnap: 0, maxZoom: 15, attributionControl: false, scrollWheelZoom: false });
    L.control.zoom({ zoomInTitle: said.zoomIn, zoomOutTitle: said.zoomOut }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    box.addEventListener("focusin", () => map.scrollWheelZoom.enable());
    map.on("click", () => map.scrollWheelZoom.enable());
    map.on("mouseout", () => { if (!box.contains(document.activeElement)) map.scrollWheelZoom.disable(); });

    const bounds = L.latLngBounds([data.townships, data.villages ?? {}].flatMap(Object.values).map(([, ...point]) => point));
    if (data.outline) {
      const outline = L.geoJSON(data.outline, { interactive: false, style: { className: "outline", fillOpacity: 1 } }).addTo(map);
      bounds.extend(outline.getBounds());
    }
    if (!bounds.isValid()) return;
    // Nothing comes to lie under the buttons to the left, nor is a mark at the rim cut off.
    const { offsetLeft, offsetWidth } = box.querySelector(".leaflet-control-zoom");
    map.fitBounds(bounds, { paddingTopLeft: [offsetLeft + offsetWidth + RIM, RIM], paddingBottomRight: [RIM, RIM], animate: false });

    if (data.newcomers) drawNewcomers(map, data);
    else drawPairs(map, data);

    const sides = data.newcomers ? Object.keys(BESIDE) : ["center"];
    // Where there is no room for all names, the best townships have theirs.
    const towns = new Set([...(data.newcomers ?? []).map(([code]) => code), ...Object.keys(data.townships)]);
    const labels = Array.from(towns, (code) => {
      const [town, ...point] = data.townships[code];
      const label = L.tooltip({ permanent: true, className: "town", interactive: false });
      return label.setLatLng(point).setContent(plain(town)).addTo(map);
    });
    // A name that would lie on something or stick out goes to another side of its point if it may, or waits for more room.
    const sortOut = () => {
      const taken = Array.from(box.querySelectorAll(".gain, .leaflet-control"), (thing) => thing.getBoundingClientRect());
      const frame = box.getBoundingClientRect();
      const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      const crowded = (here) => here.left < frame.left || here.right > frame.right || taken.some((other) => meet(here, other));
      for (const label of labels) {
        const element = label.getElement();
        const fits = sides.some((side) => {
          Object.assign(label.options, { direction: side, offset: BESIDE[side] ?? [0, 0] });
          label.update();
          return !crowded(element.getBoundingClientRect());
        });
        element.classList.toggle("crowded", !fits);
        if (fits) taken.push(element.getBoundingClientRect());
      }
    };
    map.on("zoomend", sortOut);
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(box);
    sortOut();
  };

  fetch(said.url, { headers: { accept: "application/json" }, credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.status))))
    .then(draw)
    .catch((error) => {
      const sentence = document.createElement("p");
      sentence.textContent = said.failed;
      box.replaceChildren(sentence);
      console.error(error);
    });
})();
