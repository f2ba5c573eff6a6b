// Points drawn by WebGL: one draw call for all of them, only when something has changed.
import * as twgl from "twgl.js";

export const HIDDEN = 0;
export const DIM = 1;
export const PLAIN = 2;
export const LIT = 3;

const VERTEX = `
attribute vec2 a_at;
attribute float a_colour;
attribute float a_state;
uniform vec2 u_scale;
uniform vec2 u_offset;
uniform float u_size;
uniform sampler2D u_palette;
uniform vec3 u_paper;
varying vec4 v_colour;
void main() {
  float lit = step(2.5, a_state);
  float dim = 1.0 - step(1.5, a_state);
  vec4 colour = texture2D(u_palette, vec2((a_colour + 0.5) / 256.0, 0.5));
  v_colour = vec4(mix(colour.rgb, u_paper, dim * 0.78), 1.0);
  gl_Position = vec4(a_at * u_scale + u_offset, dim * 0.4 - lit * 0.4, 1.0);
  if (a_state < 0.5) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = u_size * (1.0 + lit * 0.6);
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 v_colour;
uniform float u_round;
void main() {
  vec2 from = gl_PointCoord - 0.5;
  if (u_round > 0.5 && dot(from, from) > 0.25) discard;
  gl_FragColor = v_colour;
}`;
const SMOOTH = 20_000; // points up to which edges are smoothed: of more they cannot be seen
const FRAME = 32; // milliseconds of one, while one moves the map
const FEWEST = 12; // every so manieth point is drawn at least
const REST = 150; // milliseconds without a move
const BYTES = { a_at: 4, a_colour: 1, a_state: 1 }; // of a point
const SMALL = 3; // device pixels up to which a point is a square: rounding cannot be seen

export class Drawing {
  constructor(canvas, points) {
    this.canvas = canvas;
    this.points = points;
    const antialias = points.count <= SMOOTH;
    this.gl = canvas.getContext("webgl2", { antialias }) ?? canvas.getContext("webgl", { antialias });
    if (!this.gl) throw new Error("no WebGL");
    this.program = twgl.createProgramInfo(this.gl, [VERTEX, FRAGMENT]);
    this.buffers = twgl.createBufferInfoFromArrays(this.gl, {
      a_at: { numComponents: 2, data: points.at, normalize: true },
      a_colour: { numComponents: 1, data: new Uint8Array(points.count), normalize: false },
      a_state: { numComponents: 1, data: new Uint8Array(points.count).fill(PLAIN), normalize: false },
    });
    this.palette = twgl.createTexture(this.gl, {
      width: 256, height: 1, min: this.gl.NEAREST, mag: this.gl.NEAREST, wrap: this.gl.CLAMP_TO_EDGE,
      src: new Uint8Array(256 * 4),
    });
    this.frames = 0;
    this.step = 1; // while one moves, every so manieth point is drawn: as many as keep up
    this.usual = this.last = 0;
  }

  setPalette(bytes, paper) {
    twgl.setTextureFromArray(this.gl, this.palette, bytes, { width: 256, height: 1 });
    this.paper = paper;
    this.ask();
  }

  setColours(array) {
    twgl.setAttribInfoBufferFromArray(this.gl, this.buffers.attribs.a_colour, array);
    this.ask();
  }

  setStates(array) {
    twgl.setAttribInfoBufferFromArray(this.gl, this.buffers.attribs.a_state, array);
    this.ask();
  }

  // `view` has scale and offset in CSS pixels, and `zoom`, 1 for the whole map.
  setView(view) {
    this.view = view;
    this.moved = true;
    this.ask();
  }

  ask() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      if (this.moved) this.pace();
      this.draw(this.moved ? this.step : 1);
      this.moved = false;
    });
  }

  // A slow graphics card draws fewer points of a map that moves, and all once it rests.
  pace() {
    const now = performance.now();
    const took = now - this.last;
    this.last = now;
    if (took > 500) this.usual = FRAME / 2; // the first move
    else this.usual = 0.7 * this.usual + 0.3 * took;
    if (this.usual > FRAME && this.step < FEWEST) {
      this.step += 1;
      this.usual = FRAME / 2; // see how that goes
    }
    clearTimeout(this.resting);
    if (this.step > 1) this.resting = setTimeout(() => this.rest(), REST);
  }

  rest() {
    this.step = Math.max(1, this.step - 1); // it may have been something else that was slow
    this.ask();
  }

  draw(step = 1) {
    if (!this.view || !this.paper || !this.points.count) return;
    const { gl, canvas, view } = this;
    const ratio = Math.min(devicePixelRatio, 2);
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const size = ratio * pointSize(this.points.count, view.zoom);
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.useProgram(this.program.program);
    for (const [name, bytes] of Object.entries(BYTES)) this.buffers.attribs[name].stride = step * bytes;
    twgl.setBuffersAndAttributes(gl, this.program, this.buffers);
    twgl.setUniforms(this.program, {
      u_scale: [(2 * view.side) / canvas.clientWidth, (2 * view.side) / canvas.clientHeight],
      u_offset: [
        (2 * view.left) / canvas.clientWidth - 1,
        1 - (2 * (view.top + view.side)) / canvas.clientHeight,
      ],
      u_size: size,
      u_round: size > SMALL ? 1 : 0,
      u_palette: this.palette,
      u_paper: this.paper,
    });
    twgl.drawBufferInfo(gl, this.buffers, gl.POINTS, Math.ceil(this.points.count / step));
    this.frames += 1;
  }
}

// In CSS pixels: smaller where there are many, larger as one comes nearer.
function pointSize(count, zoom) {
  const whole = Math.min(9, Math.max(2, 3 + 100 / Math.sqrt(count)));
  return Math.min(16, whole * Math.max(1, zoom) ** 0.4);
}
