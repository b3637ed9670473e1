/** The page of one observation: a magnifier for the picture near the star, and pictures large in a dialog. */
import { enlargePictures } from "./lib/enlarge";
import { magnify } from "./lib/lens";

magnify();
enlargePictures();
