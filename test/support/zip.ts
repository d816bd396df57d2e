import { deflateRawSync } from 'node:zlib';

/** A file of a ZIP archive, and what its headers say otherwise than they should. */
export interface Zipped {
  name: string;
  content: Uint8Array;
  /** Bytes it is said to unpack to. */
  stated?: number;
  encrypted?: boolean;
}

const SIGNATURE = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const;
const DEFLATED = 8;
const UTF8 = 0x800;
const ENCRYPTED = 1;

/** A ZIP archive (APPNOTE.TXT 6.3.3, 4.3), packed. Checksums are left out: no reader here looks at them. */
export function zipOf(files: readonly Zipped[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, stated = content.length, encrypted = false } of files) {
    const packed = deflateRawSync(content);
    const title = Buffer.from(name);
    const flags = UTF8 | (encrypted ? ENCRYPTED : 0);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(DEFLATED, 4);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(stated, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([uint32(SIGNATURE.local), common, title, packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const madeBy = Buffer.from([20, 0]);
    directory.push(Buffer.concat([uint32(SIGNATURE.central), madeBy, common, place, title]));
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, index, uint32(SIGNATURE.end), end]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}
