// What the server sends of a map: blocks of numbers (search_app/analysis/packing.py).
const ARRAYS = { Uint8: Uint8Array, Uint16: Uint16Array, Uint32: Uint32Array, Float32: Float32Array };
const ALIGNED = 4;

export function unpack(buffer) {
  const headerLength = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)));
  let at = 4 + headerLength;
  for (const [name, type, length] of header.arrays) {
    const array = new ARRAYS[type](buffer, at, length);
    header[name] = array;
    at += Math.ceil(array.byteLength / ALIGNED) * ALIGNED;
  }
  return header;
}

export async function fetchBlock(address, query = {}) {
  return unpack(await (await asked(address, query)).arrayBuffer());
}

export async function fetchJson(address, query = {}) {
  return (await asked(address, query)).json();
}

async function asked(address, query) {
  const response = await fetch(`${address}?${new URLSearchParams(query)}`);
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new Error(told.detail || response.statusText);
}

// The points: places in `at` (x and y in turn), documents in `ids`, ascending.
export class Points {
  constructor(block) {
    this.count = block.id?.length ?? 0;
    this.checksum = block.checksum;
    this.clusters = block.clusters;
    this.cluster = block.cluster ?? new Uint16Array();
    this.ids = new Float64Array(this.count);
    this.at = new Uint16Array(2 * this.count);
    let id = 0;
    for (let i = 0; i < this.count; i += 1) {
      id += block.id[i];
      this.ids[i] = id;
      this.at[2 * i] = block.x[i];
      this.at[2 * i + 1] = block.y[i];
    }
  }

  // The place of a document among the points; -1 where it has none.
  indexOf(id) {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.ids[middle] === id) return middle;
      if (this.ids[middle] < id) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
