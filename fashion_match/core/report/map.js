
"use strict";
// Shows the photo of the point that is pointed at, tapped, or reached with the arrow keys. Loads nothing.
const plot = document.getElementById("plot");
const drawing = plot.querySelector("svg");
const ring = document.getElementById("ring");
const points = [...plot.querySelectorAll(".point")];
const places = points.map((point) => [Number(point.getAttribute("x")), Number(point.getAttribute("y"))]);
const items = JSON.parse(document.getElementById("data").textContent);
const attribute = document.getElementById("legend-title").textContent;
const REACH = 40;
const AHEAD = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
let current = -1;

// The browser would show the names beside ours.
for (const point of points) point.querySelector("title").remove();

function show(number) {
  if (number < 0 || number === current) return;
  current = number;
  const item = items[number];
  const photo = document.getElementById("photo");
  const missing = document.getElementById("missing");
  photo.hidden = item.photo === null;
  missing.hidden = item.photo !== null;
  missing.textContent = "no photo";
  if (item.photo !== null) photo.src = item.photo;
  photo.alt = item.title;
  document.getElementById("title").textContent = item.title;
  document.getElementById("value").textContent = `${attribute}: ${item.value || "none"}`;
  document.getElementById("id").textContent = `id ${item.id}`;
  ring.setAttribute("cx", places[number][0]);
  ring.setAttribute("cy", places[number][1]);
  ring.setAttribute("visibility", "visible");
}

function isOn(number) {
  return !points[number].classList.contains("off");
}

// Return the number of the point with the least cost, -1 where none has one.
function best(cost) {
  let found = -1;
  let least = Infinity;
  for (let number = 0; number < points.length; number++) {
    if (!isOn(number)) continue;
    const here = cost(places[number][0], places[number][1], number);
    if (here < least) [found, least] = [number, here];
  }
  return found;
}

function point(event) {
  const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
  show(best((x, y) => {
    const far = Math.hypot(x - place.x, y - place.y);
    return far <= REACH ? far : Infinity;
  }));
}

plot.addEventListener("pointermove", point);
plot.addEventListener("pointerdown", point);

plot.addEventListener("focus", () => {
  if (current >= 0) return;
  const { width, height } = drawing.viewBox.baseVal;
  show(best((x, y) => Math.hypot(x - width / 2, y - height / 2)));
});

plot.addEventListener("keydown", (event) => {
  const ahead = AHEAD[event.key];
  if (!ahead || current < 0) return;
  event.preventDefault();
  const [fromX, fromY] = places[current];
  show(best((x, y, number) => {
    const along = (x - fromX) * ahead[0] + (y - fromY) * ahead[1];
    const aside = Math.abs((x - fromX) * ahead[1]) + Math.abs((y - fromY) * ahead[0]);
    return number !== current && along > 0 && aside <= 2 * along ? along + 2 * aside : Infinity;
  }));
});

for (const button of document.querySelectorAll(".legend button")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    points.forEach((one) => {
      if (one.dataset.look === button.dataset.look) one.classList.toggle("off", !on);
    });
  });
}
