//! What the pointer can do, place by place: one table for the help.

/// The gestures of one place.
#[derive(Debug)]
pub struct Gestures {
    /// Where.
    pub place: &'static str,
    /// Each gesture, and what it does.
    pub all: &'static [(&'static str, &'static str)],
}

/// English.
pub(super) const ENGLISH: &[Gestures] = &[
    Gestures {
        place: "Everywhere",
        all: &[
            ("Point at a token", "Every view shows its row or its column"),
            ("Click a token or a cell", "Pins it until Esc"),
            ("Right click what is seen", "Changes the run there: cut, knock out, forget, patch, add…"),
            ("Drop a file or a folder", "Opens it; on the right half of Compare, as the second run"),
            ("Click the hook at the bottom", "Copies its name"),
        ],
    },
    Gestures {
        place: "Maps",
        all: &[
            ("Wheel or pinch", "Zooms about the pointer"),
            ("Drag", "Frames what then fills the map; once it is zoomed, moves it"),
            ("Shift and drag", "Frames again, in a map that is zoomed"),
            ("Double click", "Shows the whole map again"),
            ("Drag along labels", "Marks several tokens: rows are averaged, columns summed"),
            ("Shift or Ctrl, click a label", "Marks one more, or lets it go"),
            ("Ctrl or Alt, drag along a row", "Paints where its token looks"),
        ],
    },
    Gestures {
        place: "Heads",
        all: &[
            ("Ctrl and click", "Chooses a head beside others, or lets it go; Esc lets all go"),
            ("Shift and click", "Chooses all heads up to there"),
            ("Drag over heads", "Chooses them; with Ctrl, beside those that were"),
            ("Ctrl and wheel, or pinch", "Makes the small maps larger"),
        ],
    },
    Gestures {
        place: "Atlas",
        all: &[
            ("Click a point", "Shows that head's card"),
            ("Shift and drag", "Chooses the heads in the box; with Ctrl, beside those that were"),
            ("Drag, Ctrl and wheel", "Moves and zooms the plot; a double click shows all of it"),
        ],
    },
    Gestures {
        place: "Cache",
        all: &[(
            "Click or drag over entries",
            "Where they are forgotten by hand: forgets them, or keeps them",
        )],
    },
    Gestures {
        place: "River",
        all: &[
            ("Click a band", "Pins the token that it is of"),
            ("Click a layer's number", "Asks what the token is made of after that layer"),
        ],
    },
    Gestures {
        place: "Walk",
        all: &[
            ("Click a step, or a key", "Goes there; the walk goes through that key"),
            ("← → and Space", "One step back or on; plays"),
        ],
    },
    Gestures {
        place: "Timeline and Train",
        all: &[
            ("Click or drag along the steps", "Goes to that checkpoint; every view follows"),
            ("← → Home End, after a click", "The next checkpoint, the first, the last"),
            ("Click a role", "Selects the head, and goes to where it took the role"),
        ],
    },
    Gestures {
        place: "Panes",
        all: &[
            ("Drag a header", "Docks the pane elsewhere: beside, above, or as a tab"),
            ("Double click a header", "Gives the pane the whole window, and back"),
            ("Right click a header", "A figure of it, a window of its own, close"),
            ("Drag between two panes", "Gives one of them more room"),
            ("Right click a layout's name", "Arranges it as it was at first, or deletes one of your own"),
        ],
    },
];

/// 简体中文.
pub(super) const CHINESE: &[Gestures] = &[
    Gestures {
        place: "各处",
        all: &[
            ("指向一个词元", "各视图显示它的一行或一列"),
            ("点击词元或格子", "固定它，按 Esc 取消"),
            ("右键点击所见之物", "在此处改变运行：剪断、阻断、遗忘、修补、添加……"),
            ("拖入文件或文件夹", "打开它；在“对比”的右半边则作为第二次运行"),
            ("点击底部的钩子名", "复制名称"),
        ],
    },
    Gestures {
        place: "图",
        all: &[
            ("滚动或捏合", "以指针为中心缩放"),
            ("拖动", "框选要放大的部分；放大后则移动视野"),
            ("按住 Shift 拖动", "在已放大的图中再次框选"),
            ("双击", "回到整张图"),
            ("沿标签拖动", "标出几个词元：行取平均，列求和"),
            ("按住 Shift 或 Ctrl 点击标签", "多标一个词元，或取消它"),
            ("按住 Ctrl 或 Alt 沿一行拖动", "画出这个词元该看哪里"),
        ],
    },
    Gestures {
        place: "注意力头",
        all: &[
            ("按住 Ctrl 点击", "多选一个头，或取消它；按 Esc 全部取消"),
            ("按住 Shift 点击", "选中到此为止的所有头"),
            ("拖过一些头", "选中它们；按住 Ctrl 则加到已选之中"),
            ("按住 Ctrl 滚动，或捏合", "放大小图"),
        ],
    },
    Gestures {
        place: "图谱",
        all: &[
            ("点击一个点", "显示该头的卡片"),
            ("按住 Shift 拖动", "选中框内的头；按住 Ctrl 则加到已选之中"),
            ("拖动，按住 Ctrl 滚动", "移动与缩放散点图；双击显示全部"),
        ],
    },
    Gestures {
        place: "缓存", all: &[("点击或拖过条目", "手动遗忘时：遗忘它们，或保留它们")]
    },
    Gestures {
        place: "河流",
        all: &[("点击一条带", "固定它所属的词元"), ("点击层的编号", "看词元在该层之后由什么组成")],
    },
    Gestures {
        place: "逐步",
        all: &[("点击一步或一个键", "转到该处；从此沿该键走"), ("← → 与空格", "后退或前进一步；播放")],
    },
    Gestures {
        place: "时间线与训练",
        all: &[
            ("沿步数点击或拖动", "转到该检查点；各视图随之变化"),
            ("点击后按 ← → Home End", "相邻的检查点、第一个、最后一个"),
            ("点击一个角色", "选中该头，并转到它获得角色的时刻"),
        ],
    },
    Gestures {
        place: "窗格",
        all: &[
            ("拖动标题栏", "把窗格停靠到别处：旁边、上面，或作为标签页"),
            ("双击标题栏", "让窗格占满窗口，再次双击还原"),
            ("右键点击标题栏", "导出图像、独立窗口、关闭"),
            ("拖动两个窗格之间", "调整大小"),
            ("右键点击布局名", "恢复最初的排列，或删除自己的布局"),
        ],
    },
];
