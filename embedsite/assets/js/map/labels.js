// Names of clusters where each is densest; of names that would overlap, the larger cluster's.
const SPACE = 4;

export class Labels {
  constructor(box, clusters) {
    this.labels = clusters.map((cluster) => {
      const element = document.createElement("span");
      element.textContent = cluster.name.split(", ").slice(0, 2).join(", ");
      element.hidden = true;
      box.append(element);
      return { element, at: cluster.at };
    });
    this.box = box;
  }

  place(toScreen) {
    const taken = [];
    const width = this.box.clientWidth;
    for (const label of this.labels) {
      label.element.hidden = false;
      label.width ??= label.element.offsetWidth;
      label.height ??= label.element.offsetHeight;
      const [x, y] = toScreen(...label.at);
      const left = Math.min(Math.max(x - label.width / 2, SPACE), width - label.width - SPACE);
      const top = y - label.height / 2;
      const box = [left - SPACE, top - SPACE, left + label.width + SPACE, top + label.height + SPACE];
      const out = x < 0 || y < 0 || x > width || y > this.box.clientHeight;
      label.element.hidden = out || taken.some((other) => overlap(box, other));
      if (label.element.hidden) continue;
      taken.push(box);
      label.element.style.transform = `translate(${left}px, ${top}px)`;
    }
  }
}

function overlap(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}
