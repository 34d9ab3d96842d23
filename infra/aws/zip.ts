/**
 * A zip archive of a few files in memory. The same files give the same bytes, so a package that did not change has the
 * digest that AWS knows already: names are sorted, and every file is of the first day of the format (1980).
 */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  /** Path inside the archive, with "/". */
  readonly name: string;
  readonly bytes: Buffer;
}

const FIRST_DAY = (1 << 5) | 1;
/** Version 2.0 of the format, made on Unix: the permissions below are read. */
const NEEDED = 20;
const MADE_BY = (3 << 8) | NEEDED;
/** A plain file that everybody may read: Lambda runs the function as nobody. */
const MODE = 0o100644;
const UTF8_NAMES = 0x0800;
const DEFLATED = 8;

export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const packed = deflateRawSync(bytes, { level: 9 });
    const encoded = Buffer.from(name, 'utf8');
    const common = commonHeader({ encoded, bytes, packed });
    const local = Buffer.concat([u32(0x04034b50), common, u16(0), encoded, packed]);
    // No comment, first disk, no internal attributes.
    const tail = Buffer.concat([u16(0), u16(0), u16(0), u16(0), u32(MODE * 0x10000), u32(offset)]);
    central.push(Buffer.concat([u32(0x02014b50), u16(MADE_BY), common, tail, encoded]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const counts = Buffer.concat([u16(0), u16(0), u16(entries.length), u16(entries.length)]);
  const end = Buffer.concat([u32(0x06054b50), counts, u32(directory.length), u32(offset), u16(0)]);
  return Buffer.concat([...locals, directory, end]);
}

/** What a file's own header and its line in the directory both say. */
function commonHeader({ encoded, bytes, packed }: { encoded: Buffer; bytes: Buffer; packed: Buffer }): Buffer {
  return Buffer.concat([
    ...[u16(NEEDED), u16(UTF8_NAMES), u16(DEFLATED), u16(0), u16(FIRST_DAY)],
    ...[u32(crc32(bytes)), u32(packed.length), u32(bytes.length), u16(encoded.length)],
  ]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
