
# From here on the same for every run: what is shown is what stands in this folder when the script is run.
import argparse
import math
import os
import textwrap
import xml.etree.ElementTree
from builtins import max as most, min as least  # filters of ParaView put others in the place of max, min, sum ...

import numpy
from paraview import simple as pv
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOXML import vtkXMLImageDataReader


def folder():
    """Where this script stands: it is open, and the window of ParaView may have another __file__, or none."""
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []:
        link = os.path.join("/proc/self/fd", number)
        if os.path.islink(link) and os.path.basename(os.readlink(link)) == "view.py":
            return os.path.dirname(os.readlink(link))
    if "__file__" not in globals():
        raise RuntimeError("view.py cannot see where it stands: open it by File > Load State")
    return os.path.dirname(os.path.abspath(__file__))


HERE = folder()
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
INK, GREY, BLUE, RED = [0.15] * 3, [0.6] * 3, [0.0, 0.45, 0.7], [0.84, 0.24, 0.0]
ORANGE, GREEN, PURPLE = [0.9, 0.53, 0.0], [0.0, 0.62, 0.45], [0.67, 0.27, 0.6]
# What stands for a witness: words, colour, dash (0: points).
WITNESSES = {"p_monte_carlo": ("particles", ORANGE, 0), "p_exact": ("exact", [0.0] * 3, 2),
             "p_spectral": ("spectral", PURPLE, 4), "p_twin": ("companion run", RED, 5)}

# The mass of all cells where p is not below that of the cell: 0.5 stands where half of it is inside.
HELD = """
import numpy
p = numpy.asarray(inputs[0].CellData[{name!r}])
p = numpy.where(numpy.abs(p) < 1e150, p, 0)
order = numpy.argsort(-p, kind="stable")
falling = p[order]
equal = numpy.searchsorted(-falling, -falling * (1 - 1e-9), side="right") - 1
held = numpy.empty_like(p)
held[order] = (numpy.cumsum(falling) / numpy.maximum(falling.sum(), 1e-300))[equal]
output.CellData.append(held, "held")
"""

# Lines with a head on a lattice, where the mass is; the longest of a frame is as long as they stand apart.
ARROWS = """
import numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray
image, scale, apart = inputs[0].VTKObject, numpy.array({scale}), 0.05
nx, ny = [points - 1 for points in image.GetDimensions()[:2]]
lower, spacing = numpy.array(image.GetBounds()[0:4:2]), numpy.array(image.GetSpacing()[:2])
v = numpy.asarray(inputs[0].CellData[{vector!r}]).reshape(ny, nx, 3)[..., :2]
p, held = [numpy.asarray(inputs[0].CellData[name]).reshape(ny, nx) for name in ({name!r}, "held")]
flow = numpy.hypot(v[..., 0], v[..., 1]) * (1 if {vector!r} == "current" else p)
counts = [int(numpy.clip(n * h * s / apart, 1, n)) for n, h, s in zip((nx, ny), spacing, scale)]
chosen = [((numpy.arange(count) + 0.5) * n / count).astype(int) for count, n in zip(counts, (nx, ny))]
i, j = [index.ravel() for index in numpy.meshgrid(*chosen)]
way = v[j, i] * scale
length = numpy.hypot(way[:, 0], way[:, 1])
drawn = (held[j, i] < 0.99) & (length < 1e150)
points, lines = vtkPoints(), vtkCellArray()
if flow[flow < 1e150].sum() > {least} and drawn.any():
    way, longest = way * (1.4 * apart / length[drawn].max()), length[drawn].max()
    for k in numpy.flatnonzero(drawn & (length > 0.1 * longest)):
        tip = (lower + (numpy.array([i[k], j[k]]) + 0.5) * spacing) * scale + way[k] / 2
        back, side = tip - 0.35 * way[k], 0.18 * numpy.array([-way[k][1], way[k][0]])
        a, b, c, d = [points.InsertNextPoint(*(end / scale), 0.0) for end in (tip - way[k], tip, back + side, back - side)]
        for line in ((a, b), (c, b, d)):
            lines.InsertNextCell(len(line))
            for point in line:
                lines.InsertCellPoint(point)
output.VTKObject.SetPoints(points)
output.VTKObject.SetLines(lines)
"""


def frames_of(pvd):
    """(time, file) of the frames that a .pvd of this folder names."""
    path = os.path.join(HERE, pvd)
    if not os.path.exists(path):
        return []
    frames = xml.etree.ElementTree.parse(path).iter("DataSet")
    return [(float(frame.get("timestep")), os.path.join(HERE, frame.get("file"))) for frame in frames]


class Frame:
    """The cell arrays of a .vti, each as [y, x] or [y, x, component], its bounds and the name of its last axis."""

    def __init__(self, file):
        reader = vtkXMLImageDataReader()
        reader.SetFileName(file)
        reader.Update()
        image = reader.GetOutput()
        if image.GetNumberOfCells() == 0:
            raise RuntimeError(f"{file} cannot be read")
        self.bounds, data, names = image.GetBounds(), image.GetCellData(), image.GetFieldData().GetAbstractArray("axis_names")
        self.last_axis = names.GetValue(names.GetNumberOfValues() - 1)
        nx, ny = [most(1, points - 1) for points in image.GetDimensions()[:2]]
        arrays = [data.GetArray(k) for k in range(data.GetNumberOfArrays())]
        self.arrays = {a.GetName(): vtk_to_numpy(a).reshape(ny, nx, *[3][: a.GetNumberOfComponents() // 3]) for a in arrays}


class Run:
    """What is to be known of all frames before one is drawn, from at most 30 of them or 300 MB."""

    def __init__(self, frames):
        count = most(2, least(30, len(frames), 300_000_000 // os.path.getsize(frames[-1][1])))
        chosen = sorted({round(k * (len(frames) - 1) / (count - 1)) for k in range(count)})
        self.times, self.there, tops, change, self.flow, before = [t for t, _ in frames], False, [], [], 0, None
        for k in chosen:
            self.frame = Frame(frames[k][1])
            arrays, p = self.frame.arrays, self.frame.arrays["p"]
            p = numpy.where(numpy.abs(p) < 1e150, p, 0)
            tops.append(p.max())
            self.there = self.there | (p > (1e-7 if LOG else 2e-3 if len(AXES) > 1 else 2e-4) * p.max())
            change.append(0.0 if before is None else change[-1] + numpy.abs(p - before).sum())
            before = p
            self.vector = next((name for name in ("current", "effective_drift") if name in arrays), None)
            if self.vector:
                flow = numpy.linalg.norm(arrays[self.vector], axis=-1) * (1 if self.vector == "current" else p)
                self.flow = most(self.flow, flow[flow < 1e150].sum())
        half = int(numpy.argmin(numpy.abs(numpy.array(change) - change[-1] / 2)))
        self.middle = frames[chosen[half]][0] if 0 < half < len(chosen) - 1 else None
        for k, name in enumerate(AXES):
            lower, upper = self.frame.bounds[2 * k : 2 * k + 2]
            if most(-lower, upper) > 1e5 * (upper - lower) / self.there.shape[1 - k]:
                raise RuntimeError(f"{name}: its cells are too narrow for single precision, in which ParaView draws; measure it from elsewhere")
        later = most(tops[1:], default=0)  # a narrow start would hide all that follows
        self.top = most(tops) if tops[0] <= 3 * later or later == 0 else 1.2 * later

    def cells(self, axis):
        """First and last cell along an axis where p is, or of the whole axis where that is not much more."""
        there, count = numpy.flatnonzero(self.there.any(axis=axis)), self.there.shape[1 - axis]
        margin = math.ceil(0.06 * (there[-1] + 1 - there[0]))
        if PERIODIC[axis] or there[-1] + 1 - there[0] + 2 * margin > 0.85 * count:
            return 0, count - 1
        return most(0, int(there[0]) - margin), least(count - 1, int(there[-1]) + margin)

    def range(self, axis):
        lower, upper = self.frame.bounds[2 * axis : 2 * axis + 2]
        width, (first, last) = (upper - lower) / self.there.shape[1 - axis], self.cells(axis)
        return lower + first * width, lower + (last + 1) * width

    def cut(self, source):
        """The part of frames, or of an image of space and time, where p is; the filter can be told otherwise."""
        axes = range(len(AXES))
        extent = [end for axis in axes for end in (self.cells(axis)[0], self.cells(axis)[1] + 1)]
        source.UpdatePipeline()
        whole = source.GetDataInformation().GetExtent()
        return pv.ExtractSubset(Input=source, VOI=extent + list(whole[len(extent) :]))


def decimals(lower, upper):
    """Of the numbers at an axis that would all look alike with as many as ParaView takes; None where they do not."""
    far = most(-lower, upper) > 100 * (upper - lower)
    return most(0, 2 - math.floor(math.log10(upper - lower))) if far else None


def plain(text):
    """Text in which nothing is taken for a formula."""
    return text.replace("$", r"\$")


def with_font(proxy, part="", size=18):
    setattr(proxy, part + "FontSize", size)
    if os.path.exists(FONT):
        setattr(proxy, part + "FontFamily", "File")
        setattr(proxy, part + "FontFile", FONT)


class Plane:
    """A view of an image with its axes, drawn as a box of one by one unless both axes have the same unit."""

    def __init__(self, ranges, titles, equal):
        lengths = [upper - lower for lower, upper in ranges]
        self.scale = [1 / (most(lengths) if equal else length) for length in lengths]
        self.size = [length * s for length, s in zip(lengths, self.scale)]
        self.place = [-lower * s for (lower, _), s in zip(ranges, self.scale)]
        self.legend, self.view = None, pv.CreateView("RenderView")
        view = self.view
        view.UseColorPaletteForBackground, view.Background = 0, [1, 1, 1]
        view.OrientationAxesVisibility, view.InteractionMode, view.CameraParallelProjection = 0, "2D", 1
        grid = view.AxesGrid
        grid.Visibility, grid.ShowGrid, grid.GridColor, grid.AxesToLabel = 1, 0, INK, 3
        grid.DataScale, grid.DataPosition = self.scale + [1], self.place + [0]
        grid.XTitle, grid.YTitle = plain(titles[0]), ""
        grid.UseCustomBounds, grid.CustomBounds = 1, [0, self.size[0], 0, self.size[1], 0, 0]
        self.write(pv.Text(Text=plain(titles[1])), -0.13, "Left")
        for axis, span in zip("XY", ranges):
            if decimals(*span) is not None:
                setattr(grid, axis + "AxisNotation", "Fixed")
                setattr(grid, axis + "AxisPrecision", decimals(*span))
            for part in ("Title", "Label"):
                setattr(grid, axis + part + "Color", INK)
                with_font(grid, axis + part, 18)

    def show(self, source, kind, height):
        shown = pv.Show(source, self.view, kind)
        shown.Scale, shown.Position = self.scale + [1], self.place + [height]
        return shown

    def colours(self, source, name, top, bar):
        shown = self.show(source, "UniformGridRepresentation", 0)
        shown.SetRepresentationType("Surface")
        shown.Ambient, shown.Diffuse = 1, 0  # the colours of the bar
        pv.ColorBy(shown, ("CELLS", name), True)  # colours of its own: another run may be in the same window
        colours = pv.GetColorTransferFunction(name, shown, separate=True)
        colours.ApplyPreset("Viridis (matplotlib)", True)
        colours.AutomaticRescaleRangeMode, colours.NanColor = "Never", RED
        colours.RescaleTransferFunction(1e-6 * top if LOG else 0, top)
        if LOG:
            colours.MapControlPointsToLogSpace()
            colours.UseLogScale = 1
        shown.SetScalarBarVisibility(self.view, bar)
        if bar:
            self.legend = legend = pv.GetScalarBar(colours, self.view)
            legend.Title, legend.ComponentTitle, legend.RangeLabelFormat = plain(DENSITY), "", "%-.3g"
            legend.TitleColor = legend.LabelColor = INK
            legend.AutoOrient, legend.Orientation, legend.WindowLocation = 0, "Vertical", "Any Location"
            legend.Position, legend.ScalarBarLength, legend.ScalarBarThickness = [0.85, 0.3], 0.4, 16
            with_font(legend, "Title")
            with_font(legend, "Label")

    def lines(self, source, colour, width):
        shown = self.show(source, "GeometryRepresentation", 0.1)
        shown.ColorArrayName = [None, ""]
        shown.AmbientColor, shown.DiffuseColor, shown.Ambient, shown.Diffuse, shown.LineWidth = colour, colour, 1, 0, width
        shown.RenderLinesAsTubes, shown.Specular = 1, 0

    def density(self, source, name, run, bar):
        """p by colour, lines around 50, 90 and 99 % of the mass, and arrows where the frames hold them."""
        held = pv.ProgrammableFilter(Input=source, Script=HELD.format(name=name), CopyArrays=1)
        cut = run.cut(held)
        self.colours(cut, name, run.top, bar)
        at_points = pv.CellDatatoPointData(Input=cut)
        self.lines(pv.Contour(Input=at_points, ContourBy=["POINTS", "held"], Isosurfaces=[0.5, 0.9, 0.99]), [1, 1, 1], 2)
        if name == "p" and run.vector:
            script = ARROWS.format(scale=self.scale, vector=run.vector, name=name, least=most(0.02 * run.flow, BALANCED))
            self.lines(pv.ProgrammableFilter(Input=cut, OutputDataSetType="vtkPolyData", Script=script), RED, 2)

    def write(self, source, x, side):
        """Words above the box."""
        shown = pv.Show(source, self.view, "TextSourceRepresentation")
        shown.TextPropMode, shown.BillboardPosition = "Billboard 3D Text", [x, self.size[1] + 0.06, 0.1]
        shown.Justification, shown.VerticalJustification, shown.Color = side, "Center", INK
        with_font(shown, "", 20)

    def head(self, source):
        self.write(source, self.size[0], "Right")

    def title(self, planes):
        shown = pv.Show(pv.Text(Text=plain("\n".join(textwrap.wrap(TITLE, 120 // len(planes))))), self.view)
        shown.WindowLocation, shown.Justification, shown.Color = "Upper Left Corner", "Left", INK
        with_font(shown, "", 22)

    def aim(self, width, height):
        """The camera at the box, in a view of so many pixels, with room for what stands around it."""
        (x, y), view = self.size, self.view
        across = most(x / 0.62, 1.4 * y * width / height)
        middle = x / 2 + 0.06 * across
        view.CameraPosition, view.CameraFocalPoint, view.CameraViewUp = [middle, y / 2, 10], [middle, y / 2, 0], [0, 1, 0]
        view.CameraParallelScale = across * height / width / 2
        if self.legend:
            self.legend.Position = [0.53 + (x - middle) / across, 0.3]


def chart(run, sources):
    """p over the axis at the time of the view; sources: (source, [(array, words, colour, dash, width)])."""
    view = pv.CreateView("XYChartView")
    title = plain("\n".join(textwrap.wrap(TITLE, 70))).replace("{", "{{").replace("}", "}}")
    view.ChartTitle = title + ("\nt = {time:.4g}" if len(run.times) > 1 else "")
    view.LeftAxisTitle, view.BottomAxisTitle = plain(DENSITY), plain(AXES[0])
    view.LeftAxisUseCustomRange = view.BottomAxisUseCustomRange = 1
    view.LeftAxisRangeMinimum, view.LeftAxisRangeMaximum = (1e-8 if LOG else 0) * run.top, (3 if LOG else 1.08) * run.top
    view.BottomAxisRangeMinimum, view.BottomAxisRangeMaximum = run.range(0)
    view.LeftAxisLogScale = int(LOG)
    if decimals(*run.range(0)) is not None:
        view.BottomAxisLabelNotation, view.BottomAxisLabelPrecision = "Fixed", decimals(*run.range(0))
    for part in ("ChartTitle", "LeftAxisTitle", "BottomAxisTitle", "LeftAxisLabel", "BottomAxisLabel", "Legend"):
        with_font(view, part, 20 if part == "ChartTitle" else 18)
    for source, lines in sources:
        shown = pv.Show(pv.PlotData(Input=pv.CellCenters(Input=source)), view, "XYChartRepresentation")
        shown.UseIndexForXAxis, shown.XArrayName = 0, "Points_X"
        shown.SeriesVisibility = [name for name, *_ in lines]
        shown.SeriesLabel = [word for name, words, *_ in lines for word in (name, plain(words))]
        shown.SeriesColor = [word for name, _, colour, *_ in lines for word in (name, *map(str, colour))]
        shown.SeriesLineStyle = [word for name, _, _, dash, _ in lines for word in (name, str(dash))]
        shown.SeriesMarkerStyle = [word for name, _, _, dash, _ in lines for word in (name, "0" if dash else "4")]
        shown.SeriesMarkerSize = [word for name, *_ in lines for word in (name, "5")]
        shown.SeriesLineThickness = [word for name, *_, width in lines for word in (name, str(width))]
    return view


def at(source, time):
    return pv.ForceTime(Input=source, ForcedTime=time)


def text_at(time):
    return f"t = {time:.4g}"


def ways_back():
    """The arrays of reverse.pvd, one for each lambda."""
    frames = frames_of("reverse.pvd")
    return [name for name in Frame(frames[0][1]).arrays if name != "p"] if frames else []


def line_views(run, density, reverse):
    """The chart, and images of space and time: the way there, and the ways back."""
    sources = []
    for time, colour in ((run.times[0], GREY), (run.middle, [0.35, 0.6, 0.5])):
        if time is not None and len(run.times) > 1:
            sources.append((at(density, time), [("p", "p at " + text_at(time), colour, 1, 2)]))
    beside = {name: (name, *WITNESSES[name], 2) for name in WITNESSES if name in run.frame.arrays}
    if "p_monte_carlo" in beside:  # below p: they are many
        sources.append((density, [beside.pop("p_monte_carlo")]))
    ways = ways_back()
    if ways:  # wide below narrow, that all are seen where they agree
        back = [(w, "back, λ = " + w[10:], (ORANGE, GREEN, PURPLE, RED)[k % 4], 1, most(3, 9 - 2 * k)) for k, w in enumerate(ways)]
        sources.append((reverse, back))
    sources.append((density, [("p", "p", BLUE, 1, 2 if ways else 3), *beside.values()]))
    planes = []
    images = [("there", "spacetime.vti")] + [("back, λ = " + w[10:], f"spacetime_reverse_{w[10:]}.vti") for w in ways[:3]]
    for words, file in images:
        path = os.path.join(HERE, file)
        if not os.path.exists(path):
            continue
        image = Frame(path)
        if len(image.arrays["p"]) < 6:
            continue
        time = "t" if image.last_axis == "t" else "number of the frame"  # where they are not even in time
        plane = Plane([run.range(0), image.bounds[2:4]], [AXES[0], time], False)
        plane.colours(run.cut(pv.XMLImageDataReader(FileName=[path])), "p", run.top, file == images[-1][1])
        if ways:
            plane.head(pv.Text(Text=words))
        planes.append(plane)
    first = [chart(run, sources)]
    return [first, planes] if len(planes) > 1 else [first + planes]


def plane_views(run, density, reverse):
    """Start, middle and, at the time of the view, p; of a reversal start, end and, at the time, the ways back."""
    ways = ways_back()[:2]
    shown = [(reverse, name, f"back, λ = {name[10:]}, ") for name in ways] or [(density, "p", "")]
    earlier = [run.times[0], run.times[-1]] if ways else [run.times[0], run.middle] if len(run.times) > 1 else []
    planes = []
    for time in earlier:
        if time is not None:
            planes.append(Plane([run.range(0), run.range(1)], AXES, EQUAL))
            planes[-1].density(at(density, time), "p", run, False)
            planes[-1].head(pv.Text(Text=text_at(time)))
    for source, name, words in shown:
        planes.append(Plane([run.range(0), run.range(1)], AXES, EQUAL))
        planes[-1].density(source, name, run, name == shown[-1][1])
        if len(run.times) > 1:
            planes[-1].head(pv.AnnotateTimeFilter(Input=source, Format=words + "t = {time:.4g}"))
    planes[0].title(planes)
    return [planes]


def lay_out(rows, picture):
    """Views in rows, in a layout of their own, for a picture or for the window. Returns it and its size in pixels."""
    across = most(len(row) for row in rows)
    width = 1300 if not picture or len(rows) == across == 1 else 1920
    size = width, 770 if not picture else 1080 if len(rows) > 1 else least(1080, width // across + 80)
    layout, place = pv.CreateLayout(TITLE[:40]), 0
    for below in range(len(rows) - 1, -1, -1):
        row, rest = rows[len(rows) - 1 - below], None
        if below:
            place = layout.SplitVertical(place, 0.5)
            rest = place + 1
        for k, view in enumerate(row):
            if k + 1 < len(row):
                place = layout.SplitHorizontal(place, 1 / (len(row) - k))
            layout.AssignView(place, getattr(view, "view", view))
            place += 1
        place = rest
    if picture:
        layout.SetSize(*size)
    for row in rows:
        for plane in row:
            if isinstance(plane, Plane):
                plane.aim(size[0] // len(row), size[1] // len(rows))
    return layout, size


def main():
    parser = argparse.ArgumentParser(prog="view.py", allow_abbrev=False)
    parser.add_argument("--out", metavar="FILE.png", help="write a picture and end; of several times FILE_0.png, FILE_1.png ...")
    parser.add_argument("--time", type=float, nargs="+", help="what is shown: the end, or 0 where a run goes back")
    asked, _ = parser.parse_known_args()
    frames = frames_of("density.pvd")
    if not frames:
        raise RuntimeError(f"{HERE} holds no frames: density.pvd is not there")
    run = Run(frames)
    density = pv.PVDReader(FileName=os.path.join(HERE, "density.pvd"), registrationName="density")
    reverse = None
    if ways_back():
        reverse = pv.PVDReader(FileName=os.path.join(HERE, "reverse.pvd"), registrationName="reverse")
    rows = (line_views if len(AXES) == 1 else plane_views)(run, density, reverse)
    layout, size = lay_out(rows, asked.out)
    pv.SetActiveView(getattr(rows[0][0], "view", rows[0][0]))  # in the window this brings its layout to the front
    scene = pv.GetAnimationScene()
    scene.UpdateAnimationUsingDataTimeSteps()
    times = asked.time or [run.times[0] if reverse else run.times[-1]]
    for k, scene.AnimationTime in enumerate(times):
        if asked.out:
            file = asked.out if len(times) == 1 else f"_{k}".join(os.path.splitext(asked.out))
            pv.SaveScreenshot(file, layout, ImageResolution=size)
            print(f"{file}: {TITLE!r}, {len([view for row in rows for view in row])} views, t = {scene.AnimationTime:.6g}")
    pv.RenderAllViews()


main()
