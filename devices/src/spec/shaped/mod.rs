//! A description that is read once and made into devices of many shapes.

mod plugs;
mod texts;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::load::{Place, read, read_text};
use super::{DeviceSpec, lower, raw};
use crate::error::Error;
use crate::shape::Shape;

/// A `device.toml` as it is written, and its folder.
#[derive(Clone, Debug)]
pub struct Description {
    file: PathBuf,
    folder: PathBuf,
    text: String,
    raw: raw::File,
}

impl Description {
    /// Reads `folder/device.toml`.
    ///
    /// # Errors
    /// As [`DeviceSpec::load`], as far as the text alone tells.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let file = folder.join("device.toml");
        let text = read(&file)?;
        Self::parse(&file, text, folder)
    }

    /// Reads the text of a `device.toml`; `file` is the name used in errors, `folder` holds the transcripts.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(file: &Path, text: String, folder: &Path) -> Result<Self, Error> {
        let raw = read_text(file, &text)?;
        Ok(Self { file: file.to_owned(), folder: folder.to_owned(), text, raw })
    }

    /// The device in this shape. What was recorded of the described one is no evidence for another shape of it.
    ///
    /// # Errors
    /// The description is wrong, or the shape means nothing for it.
    pub fn shaped(&self, shape: &Shape) -> Result<Arc<DeviceSpec>, Error> {
        let place = self.place();
        if shape.is_empty() {
            return lower::device(self.raw.clone(), &place).map(Arc::new);
        }
        let (raw, renamed) = self.changed(shape)?;
        let mut spec = lower::device(raw, &place)?;
        for ((plug, _), name) in spec.plant.plugs.iter_mut().zip(renamed.into_iter().flatten()) {
            *plug = name;
        }
        Ok(Arc::new(spec))
    }

    fn place(&self) -> Place<'_> {
        Place { file: &self.file, text: &self.text, folder: &self.folder }
    }

    /// The description in this shape, and the plugs' own names if they change.
    fn changed(&self, shape: &Shape) -> Result<(raw::File, Option<Vec<String>>), Error> {
        let place = self.place();
        let refused = |what: String| {
            Error::of_file(&self.file, format!("cannot have the shape `{shape}`: {what}"), None)
        };
        let mut raw = self.raw.clone();
        raw.device.evidence.clear();
        if let Some(count) = shape.plugs {
            plugs::set(&mut raw, usize::from(count), &place).map_err(refused)?;
        }
        let renamed = match shape.names {
            Some(names) => texts::name(&mut raw, names, &place).map_err(refused)?,
            None => None,
        };
        if let Some(banner) = shape.banner {
            texts::describe(&mut raw, banner).map_err(refused)?;
        }
        Ok((raw, renamed))
    }

    /// The shapes of [`Shape::all`] that mean something for the description and differ from it, as far as the text alone tells:
    /// quick, but one of them may turn out not to load.
    #[must_use]
    pub fn shapes(&self, described: &DeviceSpec) -> Vec<Shape> {
        let count = described.plant.plugs.len();
        let differs = |shape: &Shape| shape.plugs.is_none_or(|plugs| usize::from(plugs) != count);
        Shape::all().filter(differs).filter(|shape| self.changed(shape).is_ok()).collect()
    }

    /// Every shape of [`Shape::all`] that this device can have and that differs from what is described, with the device.
    ///
    /// # Errors
    /// The device does not load as it is described.
    pub fn variants(&self) -> Result<Vec<(Shape, Arc<DeviceSpec>)>, Error> {
        let described = self.shaped(&Shape::default())?.plant.plugs.len();
        let differs = |shape: &Shape| shape.plugs.is_none_or(|count| usize::from(count) != described);
        let shaped = |shape: Shape| self.shaped(&shape).ok().map(|spec| (shape, spec));
        Ok(Shape::all().filter(differs).filter_map(shaped).collect())
    }
}

impl DeviceSpec {
    /// Reads a device as [`load`](Self::load) does, in another shape. Who wants several shapes of one device reads its
    /// [`Description`] once.
    ///
    /// # Errors
    /// As [`load`](Self::load); or the shape means nothing for the device.
    pub fn load_shaped(folder: &Path, shape: &Shape) -> Result<Arc<Self>, Error> {
        Description::read(folder)?.shaped(shape)
    }
}

/// The names of all plugs as described, by the range that each is of; an entry of its own is a range of one.
fn ranges(plant: &raw::Plant, place: &Place<'_>) -> Result<Vec<Vec<String>>, String> {
    let entries = match plant.plugs.get_ref() {
        super::text::ListOr::List(entries) => entries.as_slice(),
        super::text::ListOr::Table(entry) => std::slice::from_ref(entry),
    };
    let names = |entry| {
        let plugs = lower::of_entry(entry, plant, place).map_err(|error| error.to_string())?;
        Ok(plugs.into_iter().map(|(name, _)| name).collect())
    };
    entries.iter().map(names).collect()
}
