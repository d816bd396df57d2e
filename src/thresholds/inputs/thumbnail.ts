import sharp from 'sharp';

const SIDE_PX = 112;

/** A small JPEG of a photo as a data: URI; null where it cannot be read. */
export async function thumbnailOf(path: string): Promise<string | null> {
  try {
    const bytes = await sharp(path)
      .rotate()
      .resize(SIDE_PX, SIDE_PX, { fit: 'cover', position: 'top' })
      .jpeg({ quality: 75 })
      .toBuffer();
    return `data:image/jpeg;base64,${bytes.toString('base64')}`;
  } catch {
    return null;
  }
}
