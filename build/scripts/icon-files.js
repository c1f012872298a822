// Icon files of Windows and macOS: containers for pictures in PNG.

/** Sizes that Windows asks for. */
const ICO_SIZES = [16, 24, 32, 48, 64, 128, 256];

/** By the name of the entry: its size in pixels. Names from ic11 on are for screens with two pixels per point. */
const ICNS_SIZES = /** @type {const} */ ({
  icp4: 16,
  icp5: 32,
  ic07: 128,
  ic08: 256,
  ic09: 512,
  ic10: 1024,
  ic11: 32,
  ic12: 64,
  ic13: 256,
  ic14: 512,
});

/**
 * @param {ReadonlyMap<number, Buffer>} pictures by size in pixels
 * @returns {Buffer}
 */
export function ico(pictures) {
  const entries = ICO_SIZES.map((size) => ({ size, png: pictureOf(pictures, size) }));
  const head = Buffer.alloc(6 + 16 * entries.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(entries.length, 4);
  let offset = head.length;
  entries.forEach(({ size, png }, index) => {
    const at = 6 + 16 * index;
    // One byte each for width and height, where 0 stands for 256.
    head.writeUInt8(size % 256, at);
    head.writeUInt8(size % 256, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  });
  return Buffer.concat([head, ...entries.map(({ png }) => png)]);
}

/**
 * @param {ReadonlyMap<number, Buffer>} pictures by size in pixels
 * @returns {Buffer}
 */
export function icns(pictures) {
  const entries = Object.entries(ICNS_SIZES).map(([name, size]) => chunk(name, pictureOf(pictures, size)));
  return chunk('icns', Buffer.concat(entries));
}

/**
 * @param {string} name
 * @param {Buffer} content
 */
function chunk(name, content) {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32BE(head.length + content.length, 4);
  return Buffer.concat([head, content]);
}

/**
 * @param {ReadonlyMap<number, Buffer>} pictures
 * @param {number} size
 */
function pictureOf(pictures, size) {
  const found = pictures.get(size);
  if (found === undefined) throw new Error(`there is no picture of ${size} pixels`);
  return found;
}
