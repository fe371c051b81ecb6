"use strict";

const byId = (id) => document.getElementById(id);

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Pictures: a small one opens a large one, arrow keys go to its neighbours; the dialog gives the focus back by itself

let shownPicture = null;

function enlarge(button) {
  shownPicture = button;
  byId("large-picture").src = button.querySelector("img").src;
  byId("large-picture").alt = button.dataset.name;
  byId("large-name").textContent = button.dataset.name;
  byId("large-about").textContent = button.dataset.about;
  if (!byId("large").open) byId("large").showModal();
}

function turn(steps) {
  const around = shownPicture.closest(".turning") ?? shownPicture.closest(".gallery");
  const beside = [...around.querySelectorAll(".picture")];
  const next = beside[beside.indexOf(shownPicture) + steps];
  if (next) enlarge(next);
}

byId("large").addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (steps) turn(steps);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".picture");
  if (button) enlarge(button);
  if (event.target === byId("large")) byId("large").close();
});
